// What `bench/src/bin/asl.rs` times, with the official implementation, warm: `npm install jsonata && node typical.mjs`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const jsonata = createRequire(process.cwd() + "/")("jsonata");
const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url)));
const document = read("document.json");
for (const [name, text] of read("typical.json")) {
  const expression = jsonata(text);
  const run = async (milliseconds) => {
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < milliseconds) {
      await expression.evaluate(document);
      count += 1;
    }
    return ((performance.now() - start) * 1000) / count;
  };
  await run(300);
  console.log(`${name}\t${(await run(500)).toFixed(2)}`);
}
