// Every controller of the cluster, one line each: a plain list, so that what runs is read here and nowhere else.
import type { Controller } from './context.ts';
import { deployment } from './deployment/controller.ts';
import { replicaset, replicationcontroller } from './replicaset/controller.ts';

export const registry: readonly Controller[] = [
  deployment,
  replicaset,
  replicationcontroller,
];
