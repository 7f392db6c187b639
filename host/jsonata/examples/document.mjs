// The document of the timings, written once: `node document.mjs > document.json`.
const orders = Array.from({ length: 50 }, (_, order) => ({
  id: `o${order}`,
  items: Array.from({ length: 4 }, (_, item) => ({ count: 1 + ((order + item) % 5), price: 2.5 * (1 + ((order * 7 + item * 3) % 9)), sku: `s${(order + item) % 12}` })),
  paid: order % 3 !== 0,
  total: 17 * (order % 11),
}));
console.log(JSON.stringify({ customer: { address: { city: "Graz" }, name: "Augusta Ada King" }, orders }));
