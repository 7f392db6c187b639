// Writes down what the official implementation answers to every expression:
//
//     npm install jsonata@2.2.2 && TZ=UTC node record.mjs
//
// A line is `[document, expression, 0, result]`, `[document, expression]` for undefined, or
// `[document, expression, 1, code, position, token, message]` for an error.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cases } from "./cases.mjs";
import { documents } from "./documents.mjs";
import * as generate from "./generate.mjs";

const NOW = 1526034030456;
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...parts) {
    super(...(parts.length === 0 ? [NOW] : parts));
  }
};
const jsonata = createRequire(process.cwd() + "/")("jsonata");

// What JSON has no form for has one here: numbers that are none as text, as Step Functions answers them.
const plain = (key, value) => {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "function" || (value && (value._jsonata_lambda || value._jsonata_function))) throw new Error("a function");
  return value;
};

// Functions keep the name and the place of their last call, of whatever expression it was.
const natives = await Promise.all(generate.names.map((name) => jsonata(`$${name}`).evaluate(null)));
function forget() {
  for (const native of natives) {
    delete native.token;
    delete native.position;
  }
}

async function answer(document, expression) {
  try {
    forget();
    const input = JSON.parse(JSON.stringify(documents[document]));
    const result = await jsonata(expression, { stack: 5000, timeout: 2000 }).evaluate(input);
    if (result === undefined) return [];
    const text = JSON.stringify(result, plain);
    return text.length > 6000 ? null : [0, JSON.parse(text)];
  } catch (error) {
    // Errors without a code are accidents of JavaScript; a stack that is too deep is a limit.
    if (typeof error.code !== "string" || error.code === "D1011" || error.code === "D1012") return null;
    const token = error.token === undefined ? null : String(error.token).toWellFormed();
    return [1, error.code, error.position ?? null, token, String(error.message).toWellFormed()];
  }
}

const written = Object.entries(cases).flatMap(([document, list]) => list.map((expression) => [document, expression]));
const sources = written.map(([, expression]) => expression).filter((expression) => expression.length < 80);
const all = [...written];
for (const make of ["calls", "operations", "paths", "texts", "pictures", "dates", "expressions"]) all.push(...generate[make]());
all.push(...generate.broken(sources));

const seen = new Set();
const lines = [JSON.stringify(documents)];
for (const [document, expression] of all) {
  const key = `${document} ${expression}`;
  // Results of chance cannot be compared, and `$eval` is not there.
  if (seen.has(key) || /\$(random|shuffle|eval)\b/.test(expression)) continue;
  seen.add(key);
  const recorded = await answer(document, expression);
  if (recorded) lines.push(JSON.stringify([document, expression, ...recorded]));
}
writeFileSync(new URL("recorded.jsonl", import.meta.url), lines.join("\n") + "\n");
console.log(`${lines.length - 1} expressions`);
