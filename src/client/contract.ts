// The client as every program sees it. `Client` talks REST over a Transport (HTTP/2 across processes, a
// function call within one); `Informer` keeps a local copy of a resource by list and watch; a work queue
// hands out keys. Programs depend on these shapes only.
import type { ObjectMeta } from '#api/meta/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';

/** What every API object has. Concrete types come from #api/<package>/<version>.ts. */
export interface ApiObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

export interface GetOptions {
  /** Ask for PartialObjectMetadata: the answer carries metadata alone. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  /** Ask for PartialObjectMetadata: items carry metadata alone. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly signal?: AbortSignal;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue: string;
}

/** One resource, in one namespace or in all ('' for cluster-scoped and for all namespaces). */
export interface ResourceClient<T extends ApiObject> {
  readonly info: ResourceInfo;
  /** The same resource in a namespace. */
  in(namespace: string): ResourceClient<T>;
  get(name: string, options?: GetOptions): Promise<T>;
  /** One page; `listAll` follows `continue`. */
  list(options?: ListOptions): Promise<ObjectList<T>>;
  listAll(options?: ListOptions): Promise<ObjectList<T>>;
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  /** `subresource` e.g. 'status'. For 'apply' give `fieldManager` and maybe `force`. */
  patch(name: string, type: PatchType, patch: unknown, options?: WriteOptions & { readonly subresource?: string; readonly force?: boolean }): Promise<T>;
  delete(name: string, options?: DeleteOptions): Promise<void>;
  deleteCollection(options?: DeleteOptions & ListOptions): Promise<void>;
  /** POST or GET on a subresource: binding, eviction, scale, token. */
  createSub<R>(name: string, subresource: string, body: unknown, options?: WriteOptions): Promise<R>;
  getSub<R>(name: string, subresource: string, options?: GetOptions): Promise<R>;
  watch(options?: ListOptions & { readonly allowBookmarks?: boolean; readonly sendInitialEvents?: boolean; readonly timeoutSeconds?: number }): AsyncIterable<WatchEvent<T>>;
}

export interface Client {
  /** "pods" (core) or "deployments.apps"; a version picks among several: "horizontalpodautoscalers.v2.autoscaling". */
  resource<T extends ApiObject>(name: string): ResourceClient<T>;
  /** Any resource, also custom ones found by discovery. */
  forInfo<T extends ApiObject>(info: ResourceInfo): ResourceClient<T>;
  /** A plain request; throws StatusError on a status of 400 and above. */
  raw(method: string, path: string, body?: unknown, options?: GetOptions & { readonly accept?: string }): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface InformerHandler<T> {
  added?(object: T): void;
  updated?(object: T, old: T): void;
  deleted?(object: T): void;
}

/** A local copy of a resource. Objects are shared and frozen: copy before changing. */
export interface Informer<T extends ApiObject> {
  readonly info: ResourceInfo;
  /** Resolves after the first complete list; the copy is then kept fresh until the factory stops. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  get(namespace: string, name: string): T | undefined;
  /** `key` is "namespace/name", or "name" without a namespace. */
  byKey(key: string): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects whose index function gave `value`. */
  byIndex(index: string, value: string): readonly T[];
  addIndex(index: string, values: (object: T) => readonly string[]): void;
  addHandler(handler: InformerHandler<T>): void;
}

/** One informer per resource (and selector), shared by all who ask; started together. */
export interface InformerFactory {
  informer<T extends ApiObject>(name: string, options?: { readonly labelSelector?: string; readonly fieldSelector?: string; readonly namespace?: string }): Informer<T>;
  /** Starts every informer asked for so far (and later ones at once) until `signal` aborts; resolves when all have synced. */
  start(signal: AbortSignal): Promise<void>;
}

/** Keys to work on: no key twice, none concurrently, failures delayed exponentially (5 ms … 1000 s) within a global rate. */
export interface WorkQueue {
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  addRateLimited(key: string): void;
  forget(key: string): void;
  retries(key: string): number;
  /** The next key; undefined when shut down. Call `done` after the work. */
  take(): Promise<string | undefined>;
  done(key: string): void;
  shutDown(): void;
  readonly length: number;
}

export interface EventOptions {
  /** The part of the object that the event is about: "spec.containers{web}". */
  readonly fieldPath?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface EventRecorder {
  /** Aggregates and rate-limits as client-go does; never throws, never blocks. */
  event(about: ApiObject, type: 'Normal' | 'Warning', reason: string, message: string, options?: EventOptions): void;
}
