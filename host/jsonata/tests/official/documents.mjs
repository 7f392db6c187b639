// The documents that expressions are evaluated over. Keys are sorted: objects of `serde_json` have them so.
export const documents = {
  none: null,
  shop: {
    customer: { address: { city: "Graz", lines: ["Herrengasse 3", "Stiege 2"], zip: "8010" }, name: "Ada", vip: true },
    discount: 0.15,
    notes: [],
    orders: [
      { id: "o1", items: [{ count: 2, price: 3.5, sku: "a", tags: ["red", "small"] }, { count: 1, price: 20, sku: "b", tags: [] }], paid: true },
      { id: "o2", items: [{ count: 10, price: 0.25, sku: "c", tags: ["red"] }], paid: false },
      { id: "o3", items: [], paid: null },
      { extra: { items: { sku: "z" } }, id: "o4", items: { count: 3, price: 7, sku: "a", tags: "blue" }, paid: true },
    ],
    rates: { eur: 1, gbp: 0.86, usd: 1.09 },
    zero: 0,
  },
  list: [3, 1, 2, 1, "x", null, true, [4, [5, [6]]], { a: 1 }, { a: [2, 3] }, { b: { a: 4 } }],
  numbers: { big: 12345678901234567890, e: 1e-7, huge: 1e300, n: [5, 3, 8, 1, 9, 2], neg: -17.5, one: [1], pi: 3.141592653589793, tiny: 5e-324 },
  tree: {
    kids: [
      { kids: [{ kids: [], name: "c", v: 3 }, { name: "d", v: 4 }], name: "b", v: 2 },
      { kids: [{ kids: [{ name: "g", v: 7 }], name: "f", v: 6 }], name: "e", v: 5 },
    ],
    name: "a",
    v: 1,
  },
  words: { blank: "", emoji: "a😀b", lines: "one\ntwo\r\nthree", long: "the quick brown fox jumps over the lazy dog", names: ["Zoë", "adam", "Eve", "Émile", "bob"], padded: "  a \t b  ", phone: "+43 316 123-45", url: "https://example.org/a b?q=ü&r=1" },
  odd: { "": "empty", "a b": { "c.d": 1 }, and: 2, f: false, in: [1, 2], matrix: [[1, 2], [3, 4], []], nul: null, or: 3, singles: [[["deep"]]], t: true },
};
