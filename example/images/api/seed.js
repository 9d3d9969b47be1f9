// Fills the store once. Run by the Job; every write is a PUT, so running it twice changes nothing. The store may
// still be starting: it is asked again for half a minute before the Job counts a failure.
const items = [
  { name: 'anchor', price: 40 },
  { name: 'oar', price: 12 },
  { name: 'rope', price: 7 },
];

async function put(item) {
  const answer = await fetch(`${process.env.KV_URL}/kv/${item.name}`, {
    method: 'PUT',
    headers: { 'x-kv-password': process.env.KV_PASSWORD ?? '' },
    body: JSON.stringify(item),
    signal: AbortSignal.timeout(2000),
  });
  if (!answer.ok) throw new Error(`kv answered ${answer.status} to ${item.name}`);
}

const deadline = Date.now() + 30_000;
for (const item of items) {
  for (;;) {
    try {
      await put(item);
      break;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
console.log(`seeded ${items.length} items`);
