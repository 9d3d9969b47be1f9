// Loaded into the server under attack (node --import, with --expose-gc): says on request what it keeps once all
// garbage is gone, which is what growth is judged by; and which turns of its event loop were long. A turn is long when
// a timer that is due every few milliseconds waits for it; what counts is the CPU time that the thread used meanwhile,
// as on a shared machine time passes without it.
interface LongTurn {
  readonly at: number;
  readonly cpuMs: number;
}

const everyMs = 5;
const longMs = 50;
const mostKept = 100;
let longTurns: LongTurn[] = [];
let lastWall = performance.now();
let lastCpu = cpuMs();

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function look(): void {
  const wall = performance.now();
  if (wall - lastWall > longMs) {
    const used = cpuMs() - lastCpu;
    if (used > longMs && longTurns.length < mostKept) longTurns.push({ at: Date.now(), cpuMs: used });
  }
  lastWall = performance.now();
  lastCpu = cpuMs();
}
setInterval(look, everyMs).unref();

process.on('message', (question) => {
  if (question === 'turns') {
    process.send?.({ longTurns });
    longTurns = [];
    return;
  }
  if (question !== 'memory') return;
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  setImmediate(() => {
    collect?.();
    // The collection itself is the test's doing.
    lastWall = performance.now();
    lastCpu = cpuMs();
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    process.send?.({ keptMb: (heapUsed + Math.max(external, arrayBuffers)) / 1e6, residentMb: rss / 1e6 });
  });
});
process.channel?.unref();
