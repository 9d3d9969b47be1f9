// The client room's door.
export type {
  ApiObject, Client, DeleteOptions, EventOptions, EventRecorder, GetOptions, Informer, InformerFactory, InformerHandler, ListOptions, ObjectList,
  PatchType, ResourceClient, WatchEvent, WorkQueue, WriteOptions,
} from './contract.ts';
export { createBackoff, reflectorBackoff, type Backoff, type BackoffOptions } from './backoff.ts';
export { createTokenBucket, type TokenBucket } from '#base/token-bucket.ts';
export { createWorkQueue, type WorkQueueOptions } from './work-queue.ts';
export { createClient, resourceNamed, type ClientOptions } from './client.ts';
export { retryOnConflict } from './conflict.ts';
export { deepFreeze } from './deep-freeze.ts';
export { discover, preferred, type Discovery } from './discovery.ts';
export { createEventRecorder, type EventSource } from './event-recorder.ts';
export { createExpectations, expectationsTimeoutMs, type Expectations } from './expectations.ts';
export { createInformerFactory } from './informer-factory.ts';
export { createInformer, type InformerOptions, type RunnableInformer } from './informer.ts';
export { loadKubeconfig, tokenFromFile, type ExecSpec, type KubeconfigOptions, type ServerAccess } from './kubeconfig.ts';
export { runLeaderElection, type LeaderCallbacks, type LeaderElectionOptions } from './leader-election.ts';
export { joinKey, keyOf, splitKey } from './object-key.ts';
export { controllerOf, controllerReference, isControlledBy } from './owner-references.ts';
export { apiVersionOf, resourcePath } from './resource-client.ts';
export { runReflector, type ReflectorOptions, type ReflectorSink } from './reflector.ts';
export type { RestOptions } from './rest.ts';
export { createLru, type Lru } from './lru.ts';
export { fnv1a, nameHash, podTemplateHash, stableJson } from './template-hash.ts';
export { errorOf } from './watch.ts';
export { runWorkers, type Handle, type HandleResult } from './workers.ts';
