// Loaded into the server under attack (node --import, with --expose-gc): says on request what it keeps once all
// garbage is gone, which is what growth is judged by.
process.on('message', (question) => {
  if (question !== 'memory') return;
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  setImmediate(() => {
    collect?.();
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    process.send?.({ keptMb: (heapUsed + Math.max(external, arrayBuffers)) / 1e6, residentMb: rss / 1e6 });
  });
});
process.channel?.unref();
