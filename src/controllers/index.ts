// The controllers room's door.
export { defaultConfig, type ClusterAuthority, type ControllersConfig } from './config.ts';
export type { Controller, ControllerContext } from './context.ts';
export { registry as controllers } from './registry.ts';
export { chosen, programName, startControllers, type ClientFor, type RunningControllers } from './start.ts';
