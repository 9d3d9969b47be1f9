// Which hooks run after the start: the objects that every cluster has, what flow control, security and aggregation
// keep, and what the configuration adds.
import type { World } from '#base/world.ts';
import type { PostStartHook } from '../contract.ts';
import type { OwnObjects } from '../own-objects.ts';
import type { ApiServerConfig } from '../server-config.ts';
import { kubernetesServiceHook } from './kubernetes-service.ts';
import { createHookRunner, type HookRunner } from './run-hooks.ts';
import { serviceCidrHook } from './service-cidr.ts';
import { legacyTokenTrackingHook, priorityClassesHook, systemNamespacesHook } from './system-objects.ts';
import { clusterAuthenticationHook } from './trusted-clients.ts';

/** @param clusterIp The first address of the service range. */
export function createServerHooks(world: World, config: ApiServerConfig, { reader, removeNamed }: Pick<OwnObjects, 'reader' | 'removeNamed'>, clusterIp: string, parts: readonly PostStartHook[]): HookRunner {
  return createHookRunner(world, [
    systemNamespacesHook,
    legacyTokenTrackingHook(world.clock),
    serviceCidrHook(world, config.serviceCidr, reader),
    priorityClassesHook,
    ...(config.advertise === undefined ? [] : [kubernetesServiceHook(world, reader, removeNamed, { ...config.advertise, clusterIp })]),
    ...(config.trustedClients === undefined ? [] : [clusterAuthenticationHook(world.clock, config.trustedClients)]),
    ...parts,
    ...(config.hooks ?? []),
  ]);
}
