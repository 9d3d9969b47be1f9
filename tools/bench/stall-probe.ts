// Loaded into the measured API server (node --import): how long its event loop was held up, told to the parent
// on request.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 5;
const delays = monitorEventLoopDelay({ resolution: resolutionMs });
delays.enable();
process.on('message', (question) => {
  if (question !== 'stalls') return;
  const over = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  process.send?.({ p50Ms: over(delays.percentile(50)), p99Ms: over(delays.percentile(99)), maxMs: over(delays.max) });
  delays.reset();
});
process.channel?.unref();
