// Expressions made by rule: every function and operator with values of every type, random paths, and broken text.

// A small generator of its own, so that a recording can be repeated.
let state = 20260101;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};
const below = (end) => Math.floor(random() * end);
const pick = (list) => list[below(list.length)];

// Values of every type, as expressions over the document `shop`.
const values = [
  "1", "-2.5", "0", "1e21", "100", "3.7", '"abc"', '""', '"12"', '"Hello World"', "true", "false", "null", "missing",
  "[]", "[1,2,3]", '["b","a","c"]', '[1,"a"]', "[[1],[2,3]]", "[3]", "{}", '{"a":1,"b":[2,3]}', '[{"a":1},{"a":2,"b":3}]',
  "$sum", "function($x){$x}", "function($a,$b){$a & $b}", "/[a-c]+/", "orders", "orders.items", "customer", "orders.id",
  "orders.items.price", "customer.address.lines", "notes", "discount", "[1..5]", '"2018-05-11T10:20:30.456Z"', "1526034030456",
  '"#,##0.00"', '"[Y]-[M01]-[D01]"', '"a,b;c"', '","', '"o"', "2", "3", "16",
];

const functions = {
  sum: 1, count: 1, max: 1, min: 1, average: 1, string: 2, substring: 3, substringBefore: 2, substringAfter: 2,
  lowercase: 1, uppercase: 1, length: 1, trim: 1, pad: 3, match: 3, contains: 2, replace: 4, split: 3, join: 2,
  formatNumber: 2, formatBase: 2, formatInteger: 2, parseInteger: 2, number: 1, floor: 1, ceil: 1, round: 2, abs: 1,
  sqrt: 1, power: 2, boolean: 1, not: 1, map: 2, zip: 3, filter: 2, single: 2, reduce: 3, sift: 2, keys: 1, lookup: 2,
  append: 2, exists: 1, spread: 1, merge: 1, reverse: 1, each: 2, error: 1, assert: 2, type: 1, sort: 2, distinct: 1,
  base64encode: 1, base64decode: 1, encodeUrlComponent: 1, encodeUrl: 1, decodeUrlComponent: 1, decodeUrl: 1,
  toMillis: 2, fromMillis: 3, clone: 1, now: 2, millis: 0,
};

export const names = Object.keys(functions);

const operators = ["+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "&", "and", "or", "in", "?:", "??"];

export function* calls() {
  for (const [name, arity] of Object.entries(functions)) {
    yield ["shop", `$${name}()`];
    for (const value of values) yield ["shop", `$${name}(${value})`];
    if (arity < 2) continue;
    for (let count = 0; count < 12 * arity; count += 1) {
      const length = 2 + below(arity - 1);
      yield ["shop", `$${name}(${Array.from({ length }, () => pick(values)).join(", ")})`];
    }
    yield ["shop", `"abc" ~> $${name}`];
    yield ["words", `long.$${name}()`];
    yield ["words", `names.$${name}("a")`];
    yield ["numbers", `n.$${name}(2)`];
    yield ["list", `$map($, $${name})`];
  }
}

export function* operations() {
  for (const operator of operators) {
    for (let count = 0; count < 40; count += 1) yield ["shop", `${pick(values)} ${operator} ${pick(values)}`];
  }
  for (const value of values) {
    yield ["shop", `-${value}`];
    yield ["shop", `${value} ? "yes" : "no"`];
    yield ["shop", `[${value}]`];
    yield ["shop", `[${value}, ${value}]`];
    yield ["shop", `{"k": ${value}}`];
    yield ["shop", `(${value})[0]`];
    yield ["shop", `(${value})[-1]`];
    yield ["shop", `(${value})[]`];
    yield ["shop", `${value}.id`];
    yield ["shop", `(${value}).*`];
    yield ["shop", `(${value}).**`];
    yield ["shop", `(${value}).$type($)`];
    yield ["shop", `(${value})^($)`];
    yield ["shop", `(${value}){$string($): $}`];
    yield ["shop", `${value} ~> |$|{"x": 1}|`];
    yield ["shop", `[1..${value}]`];
    yield ["shop", `[${value}..3]`];
    yield ["shop", `orders[${value}]`];
    yield ["shop", `orders[${value}].id`];
    yield ["shop", `$string(${value}) & "!"`];
    yield ["shop", `${value}(1)`];
    yield ["shop", `${value} ~> $string`];
    yield ["shop", `($v := ${value}; $v = $v)`];
    yield ["shop", `${value} in [${value}]`];
    yield ["shop", `$string(${value}, true)`];
  }
}

const fields = {
  shop: ["orders", "items", "id", "price", "count", "sku", "tags", "customer", "address", "lines", "rates", "extra", "paid", "nope"],
  tree: ["kids", "name", "v", "nope"],
  list: ["a", "b", "$", "nope"],
  odd: ["matrix", "`a b`", "`c.d`", "singles", "and", "or", "in", "``", "nul"],
};

function term(document, depth) {
  const name = () => pick(fields[document]);
  switch (below(depth > 0 ? 14 : 5)) {
    case 0: case 1: case 2: case 3: return name();
    case 4: return pick(["*", "**", "%", "$", "$$", "1", '"s"']);
    case 5: return `(${path(document, depth - 1)})`;
    case 6: return `[${path(document, depth - 1)}]`;
    case 7: return `{"k": ${path(document, depth - 1)}}`;
    case 8: return `$count(${path(document, depth - 1)})`;
    case 9: return `(${path(document, depth - 1)}; ${path(document, depth - 1)})`;
    case 10: return `$string(${path(document, depth - 1)})`;
    case 11: return `(${path(document, depth - 1)} & "-" & ${path(document, depth - 1)})`;
    case 12: return `[${path(document, depth - 1)}, ${path(document, depth - 1)}]`;
    default: return `$map(${path(document, depth - 1)}, function($x, $i){${pick(["$x", "$i", "[$x]", "$x.*", '{"i": $i}', "$"])}})`;
  }
}

function step(document, depth) {
  let text = term(document, depth);
  while (random() < 0.35) {
    text += pick([
      () => `[${below(3)}]`, () => "[-1]", () => "[]", () => `[${pick(fields[document])}]`, () => `[$i = ${below(2)}]`,
      () => `[${pick(fields[document])} = ${pick(['"o1"', "2", '"a"'])}]`, () => "[[0..1]]", () => "#$i", () => "@$v",
      () => `^(${pick(["", "<", ">"])}${pick(fields[document])})`, () => `[%.${pick(fields[document])}]`,
      () => `{$string(${pick(fields[document])}): $count($)}`, () => `[$v.${pick(fields[document])}]`,
    ])();
  }
  return text;
}

function path(document, depth) {
  const length = 1 + below(4);
  const steps = Array.from({ length }, () => step(document, depth));
  if (random() < 0.2) steps.push(pick(["$i", "$v", `{"i": $i, "v": $v}`, `$v.${pick(fields[document])}`, "%", "%.%", "[$i]"]));
  return steps.join(".");
}

export function* paths() {
  for (const document of Object.keys(fields)) {
    for (let count = 0; count < 700; count += 1) yield [document, path(document, below(3))];
  }
}

const tokens = ["(", ")", "[", "]", "{", "}", ",", ";", ":", "?", "?:", "??", ":=", "~>", "..", ".", "@", "#", "^", "%", "*", "**",
  "|", "!", "!=", "~", "<", ">", "=", "&", "+", "-", "/", "$", "$x", "and", "or", "in", "1", "01", "1.5e3", "1e999", '"', "'", "`",
  '"\\x"', '"\\u12"', '"\\u00e9"', "/a/", "/", "//", "/*", "*/", "function", "function($x)", "λ($x){$x}", "null", "true", "a", "  "];

export function* broken(sources) {
  for (let count = 0; count < 1500; count += 1) {
    const parts = pick(sources).split(/(\s+|[()[\]{},;:.@#^%*|=<>&+\-/?"'`])/).filter((part) => part !== "");
    for (let edits = 1 + below(2); edits > 0; edits -= 1) {
      const place = below(parts.length + 1);
      parts.splice(place, below(2), ...(random() < 0.7 ? [pick(tokens)] : []));
    }
    yield ["shop", parts.join("")];
  }
  for (let count = 0; count < 400; count += 1) {
    yield ["shop", Array.from({ length: 1 + below(5) }, () => pick(tokens)).join(pick(["", " "]))];
  }
}

export function* texts() {
  const double = () => {
    const bytes = new Uint32Array([below(4294967296), below(4294967296)]);
    const number = new Float64Array(bytes.buffer)[0];
    return Number.isFinite(number) ? number : 1;
  };
  const short = () => Number((random() * 10 ** (below(40) - 18)).toPrecision(1 + below(17)));
  for (let count = 0; count < 250; count += 1) {
    const number = count % 2 === 0 ? double() : short();
    yield ["none", `$string(${number})`];
    yield ["none", `$string([${number}])`];
    yield ["none", `$round(${short()}, ${below(9) - 4})`];
    yield ["none", `${short()} ${pick(["+", "-", "*", "/", "%"])} ${short()}`];
    yield ["none", `$formatBase(${Math.round(short() % 9e15)}, ${2 + below(35)})`];
  }
}

const numberPictures = ["0", "#", "0.0", "#.#", "#,##0", "#,##0.00", "000", "0.00#", "#.00", "0%", "0.0‰", "%0", "(0)", "0;(0)", "-0;+0",
  "0e0", "0.0e0", "#e0", "00.00e00", "#,#,#0", "0,0,00", "0.000,000", "$#,##0.00;($#,##0.00)", "#0.0#", "0.", ".0", "1", "9.99", "#,###",
  "a", "", "0.0.0", "0%%", "0%‰", "#0#", "0#", "0.#0", "0,.0", "0,", "0,,0", "0e", "0ea", "0%e0", ";", "0;0;0", "x0y0", "abc0def", "0 %"];

const integerPictures = ["0", "1", "00", "001", "#", "#0", "#,##0", "#,##0;o", "1;o", "a", "A", "i", "I", "w", "W", "Ww", "w;o", "W;o", "Ww;o",
  "٠", "٠٠", "#٠", "0٠", "#:##0", "#,#;#0", "0,00", "00,0", "α", "", ";o", "#,###,##0", "###0.00", "1:1"];

export function* pictures() {
  const numbers = [0, 1, -1, 0.5, 12345.678, -12345.678, 0.00123, 1234567, 99.995, 1e10, 0.1, 21, 113, 3999];
  for (const picture of numberPictures) {
    for (const number of numbers) yield ["none", `$formatNumber(${number}, ${JSON.stringify(picture)})`];
  }
  const options = ['{"decimal-separator": ",", "grouping-separator": "."}', '{"zero-digit": "٠"}', '{"minus-sign": "−"}', '{"pattern-separator": "!"}', '{"digit": "@"}', '{"percent": "pc"}'];
  for (const option of options) {
    for (const picture of ["#.##0,00", "#,##0.00", "٠٠", "0!(0)", "@0", "0pc"]) {
      yield ["none", `$formatNumber(${pick(numbers)}, ${JSON.stringify(picture)}, ${option})`];
    }
  }
  const integers = [0, 1, 2, 3, 4, 11, 12, 13, 19, 20, 21, 22, 23, 30, 99, 100, 101, 111, 112, 999, 1000, 1001, 1100, 1984, 12345, 1000000, 1234567, 1e12, 1e15, -5, 2.7, -2.7, 26, 27, 702, 703];
  for (const picture of integerPictures) {
    for (let count = 0; count < 14; count += 1) yield ["none", `$formatInteger(${pick(integers)}, ${JSON.stringify(picture)})`];
  }
  for (const picture of ["w", "W", "Ww", "w;o"]) {
    for (const integer of integers.filter((integer) => integer >= 0 && Number.isInteger(integer))) {
      yield ["none", `$parseInteger($formatInteger(${integer}, "${picture}"), "${picture}")`];
    }
  }
  for (const text of ["12", "1,234", "MCMLXXXIV", "mcmlxxxiv", "abc", "ABC", "12th", "1st", "one hundred and five", "x y", "", "٣٤", "-5", "12abc"]) {
    for (const picture of ["0", "#,##0", "I", "i", "a", "A", "0;o", "w", "٠", "?"]) yield ["none", `$parseInteger(${JSON.stringify(text)}, "${picture}")`];
  }
}

const moments = [0, 1, 1526034030456, 1514764800000, 1230768000000, 1104537600000, 951782400000, 4102444799999, -1, -86400000, -62135596800000, 253402300799999, 1e15, 1700000000000, 1483228799000, 1609459199999];
const datePictures = ["[Y]", "[Y2]", "[Y0001]", "[Y,2]", "[Y,*-2]", "[Y,4-4]", "[YI]", "[Yi]", "[Yw]", "[YWw]", "[M]", "[M01]", "[MN]", "[Mn]", "[MNn]", "[MNn,3-3]", "[MNn,*-3]", "[Mo]", "[M1o]", "[D]", "[D01]", "[D1o]", "[Dw]", "[DWwo]",
  "[d]", "[d001]", "[F]", "[FNn]", "[FN]", "[FNn,3-3]", "[F0]", "[F1]", "[W]", "[W01]", "[w]", "[X]", "[X0001]", "[x]", "[xNn]", "[H]", "[H01]", "[h]", "[h01]", "[P]", "[PN]", "[Pn]", "[m]", "[m1]", "[s]", "[s1]", "[f]", "[f001]", "[f1]", "[f01]", "[Z]", "[z]", "[Z0]", "[Z00]", "[Z0000]", "[Z01:01t]", "[Z0101t]", "[Z00:00]", "[Z000000]", "[C]", "[E]", "[q]", "[q1]", "[YN]", "[DN]", "[Y", "Y]", "[[Y]]", "[ Y ]", "[]", "x[Y]y[M]z", "[Y]-[M01]-[D01]", "[D1o] [MNn] [Y]", "[h]:[m] [P]", "[H01]:[m01]:[s01].[f001][Z]", "[Y#,###]", "[Y9,999,*]", "[FNn], the [D1o] of [MNn] [Y]", "[Y0001][M01][D01]", "week [W] of [X]", "[M,2]", "[s,3-3]"];

export function* dates() {
  for (const picture of datePictures) {
    for (let count = 0; count < 8; count += 1) {
      const zone = pick(["", "", ', "+0100"', ', "-0500"', ', "+0530"', ', "-0330"', ', "0000"', ', "+1400"']);
      yield ["none", `$fromMillis(${pick(moments)}, "${picture}"${zone})`];
    }
    yield ["none", `$now("${picture}")`];
    for (const moment of [1526034030456, 951782400000]) {
      yield ["none", `$toMillis($fromMillis(${moment}, "${picture}"), "${picture}")`];
    }
  }
  for (const moment of moments) {
    yield ["none", `$fromMillis(${moment})`];
    yield ["none", `$toMillis($fromMillis(${moment}))`];
    yield ["none", `$fromMillis(${moment}, "[d] [W] [w] [X] [x] [F] [FNn]")`];
  }
  const stamps = ["2018-05-11", "2018", "2018-05", "2018-05-11T10:20:30Z", "2018-05-11T10:20:30+01:00", "2018-05-11T10:20:30.1Z", "2018-05-11T10:20:30.123456Z", "2018-05-11T24:00:00Z", "2018-13-01", "2018-02-31", "2018-05-32", "18-05-11", "2018-05-11T25:00:00Z", "2018-05-11T10:20:30", "2018-05-11T10:20:30-0530", "", "x", "2018-05-11 10:20", "2018-00-10", "0000-01-01", "0099-12-31T00:00:00Z", "2018-05-11T10:20:61Z", "2018-05-11T10:20:30.5"];
  for (const stamp of stamps) yield ["none", `$toMillis("${stamp}")`];
  const read = [["2018-05-11", "[Y]-[M]-[D]"], ["11/05/18", "[D]/[M]/[Y,2]"], ["11 May 2018", "[D] [MNn] [Y]"], ["Friday 11th May 2018", "[FNn] [D1o] [MNn] [Y]"], ["10:20 pm", "[h]:[m] [P]"], ["12:05 am", "[h]:[m] [P]"], ["12:05 PM", "[h]:[m] [PN]"], ["2018-131", "[Y]-[d]"], ["2018W19", "[X]W[W]"], ["10:20:30", "[H]:[m]:[s]"], ["10:30", "[H]:[s]"], ["20180511", "[Y0001][M01][D01]"], ["20180511102030456", "[Y0001][M01][D01][H01][m01][s01][f001]"], ["2018-05-11T10:20:30.456+01:00", "[Y]-[M]-[D]T[H]:[m]:[s].[f][Z01:01]"], ["2018-05-11 +0100", "[Y]-[M]-[D] [Z]"], ["2018-05-11 GMT+01:00", "[Y]-[M]-[D] [z]"], ["2018-05-11 -05", "[Y]-[M]-[D] [Z00]"], ["MMXVIII", "[YI]"], ["two thousand and eighteen", "[Yw]"], ["May", "[MNn]"], ["may", "[Mn]"], ["Mai", "[MNn]"], ["2018", "[Y]-[M]"], ["x", "[Y]"], ["2018.5", "[Y].[M]"], ["1st of January", "[D1o] of [MNn]"], ["00:00", "[H]:[m]"], ["5 2018", "[M] [Y]"], ["", ""], ["abc", "abc"], ["0.5", "[s].[f]"], ["b", "[Da]"], ["2018 3 2 5", "[Y] [x] [w] [F]"]];
  for (const [stamp, picture] of read) yield ["none", `$toMillis(${JSON.stringify(stamp)}, "${picture}")`];
}

const patterns = ["/a/", "/A/i", "/[a-c]+/", "/(a)(b)?/", "/o/", "/\\w+/", "/\\d+/", "/\\s/", "/\\S+$/", "/^t/", "/^t/m", "/e$/m", "/(?:qu|br)\\w/", "/(\\w)(\\w)(\\w)/", "/[^a-z]/", "/./", "/.{3}/", "/x?/", "/x*/", "/a|e|i/", "/(?<n>o)/", "/\\u0065/", "/\\x65/", "/[\\w-]+/", "/o{1,2}/", "/\\bfox\\b/", "/\\Bo/", "/[.]/", "/\\//", "/[/]/", "/a{/", "/]/", "/}/", "/\\t/", "/[\\d\\s]/", "/ö/i", "/É/i", "/(|a)/", "/((((a))))/", "/a+?/", "/.*?o/", "/\\0/", "/[\\b]/", "/\\cA/", "/[a\\-z]/", "/[]/", "/[^]/", "/(/", "/a)/", "/[z-a]/", "/*/", "/a**/", "/a{2,1}/", "//", "/a"];

export function* expressions() {
  for (const pattern of patterns) {
    yield ["words", `$match(long, ${pattern})`];
    yield ["words", `$match(long, ${pattern}, 2)`];
    yield ["words", `$contains(long, ${pattern})`];
    yield ["words", `$replace(long, ${pattern}, "[$0|$1|$2|$$|$x]")`];
    yield ["words", `$replace(long, ${pattern}, function($m){$uppercase($m.match)}, 3)`];
    yield ["words", `$split(long, ${pattern})`];
    yield ["words", `$split(lines, ${pattern}, 2)`];
    yield ["words", `names.$match(${pattern}).match`];
    yield ["words", `$match(emoji, ${pattern}).index`];
    yield ["words", `(${pattern})("banana").[match, start, end, groups]`];
  }
}
