// Loaded into the server under attack (node --import, with --expose-gc): says on request what it keeps once all
// garbage is gone, which is what growth is judged by; and which turns of its event loop were long. A turn is long when
// a timer that is due every few milliseconds waits for it; what counts is the CPU time that the thread used meanwhile,
// as on a shared machine time passes without it.
import { PerformanceObserver } from 'node:perf_hooks';

interface LongTurn {
  readonly at: number;
  readonly cpuMs: number;
  /** When it began and ended, in the clock of the process. */
  readonly from: number;
  readonly to: number;
}

interface Collection {
  readonly from: number;
  readonly to: number;
}

const everyMs = 5;
const longMs = 50;
const mostKept = 100;
const collectionsKept = 2_000;
let collections: Collection[] = [];
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
    if (used > longMs && longTurns.length < mostKept) longTurns.push({ at: Date.now(), cpuMs: used, from: lastWall, to: wall });
  }
  lastWall = performance.now();
  lastCpu = cpuMs();
}
setInterval(look, everyMs).unref();

new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) collections.push({ from: startTime, to: startTime + duration });
  if (collections.length > collectionsKept) collections = collections.slice(-collectionsKept / 2);
}).observe({ entryTypes: ['gc'] });

/** How long of a turn the collector held up everything else, in time that passed. */
function collecting({ from, to }: LongTurn): number {
  return collections.reduce((sum, one) => sum + Math.max(0, Math.min(to, one.to) - Math.max(from, one.from)), 0);
}

process.on('message', (question) => {
  if (question === 'turns') {
    process.send?.({ longTurns: longTurns.map((one) => ({ at: one.at, cpuMs: one.cpuMs, ms: one.to - one.from, gcMs: collecting(one) })) });
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
