// The scheduler room's door.
export { failureMessage, runCycle, type CycleResult, type Plugin, type Snapshot } from './framework.ts';
export { podInfo, podRequests, type PodInfo } from './pod-info.ts';
export { defaultPlugins } from './plugins/index.ts';
export { createSchedulerCache } from './cache.ts';
export { defaultSchedulerConfig, startScheduler, type Scheduler, type SchedulerConfig } from './scheduler.ts';
