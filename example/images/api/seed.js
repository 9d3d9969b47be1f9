// Fills the store once. Run by the Job; every write is a PUT, so running it twice changes nothing.
const items = [
  { name: 'anchor', price: 40 },
  { name: 'oar', price: 12 },
  { name: 'rope', price: 7 },
];
for (const item of items) {
  const answer = await fetch(`${process.env.KV_URL}/kv/${item.name}`, {
    method: 'PUT',
    headers: { 'x-kv-password': process.env.KV_PASSWORD ?? '' },
    body: JSON.stringify(item),
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) throw new Error(`kv answered ${answer.status} to ${item.name}`);
}
console.log(`seeded ${items.length} items`);
