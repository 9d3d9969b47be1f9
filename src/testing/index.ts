// The testing room's door: `skiff/testing`.
export { durationMs, type Duration } from './duration.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
export { createLogBook, createVirtualWorld, defaultStartMs, type LogBook, type LogLine, type VirtualWorld, type VirtualWorldOptions } from './virtual-world.ts';
