// What the parts of the API server say to each other: who asks (Identity), what for (RequestInfo), may he
// (Authorizer), and what admission plugins see and may change. Parts import this file, never each other.
import type { ResourceInfo } from '#api/resources.ts';
import type { Exchange } from '#wire';

export interface Identity {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a URL and method mean (upstream: RequestInfo). */
export interface RequestInfo {
  readonly isResourceRequest: boolean;
  /** get list watch create update patch delete deletecollection; for other paths the lower-case method. */
  readonly verb: string;
  /** Without the query. */
  readonly path: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** undefined: these credentials are not mine. Throws StatusError 401 for credentials that are mine and bad. */
export interface Authenticator {
  readonly name: string;
  authenticate(exchange: Exchange, info: RequestInfo): Promise<Identity | undefined>;
}

/** What is asked to be done, by whom (upstream: authorizer.Attributes). */
export interface Attributes {
  readonly user: Identity;
  readonly isResourceRequest: boolean;
  readonly verb: string;
  readonly path: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface Verdict {
  readonly decision: 'allow' | 'deny' | 'none';
  readonly reason: string;
}

export interface Authorizer {
  readonly name: string;
  authorize(attributes: Attributes): Promise<Verdict> | Verdict;
}

/** An object as machinery handles it: the wire's plain JSON. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: import('#api/meta/v1.ts').ObjectMeta;
  [field: string]: unknown;
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionRequest {
  readonly operation: Operation;
  readonly resource: ResourceInfo;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** New object; mutating plugins change it in place. undefined on DELETE. For CONNECT the options object. */
  object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  readonly user: Identity;
  /** Adds a `Warning` header to the answer. */
  warn(message: string): void;
}

/** Throws StatusError (usually 403 forbidden) to refuse. `mutate` of all plugins runs before any `validate`. */
export interface AdmissionPlugin {
  readonly name: string;
  handles(operation: Operation, resource: ResourceInfo, subresource: string): boolean;
  mutate?(request: AdmissionRequest): Promise<void> | void;
  validate?(request: AdmissionRequest): Promise<void> | void;
}

/** Reads of the API server's own caches, for authorizers and admission: always current with the last commit seen. */
export interface ObjectReader {
  get(group: string, resource: string, namespace: string, name: string): KubeObject | undefined;
  list(group: string, resource: string, namespace?: string): readonly KubeObject[];
  /** Objects whose selectable field has this value ("spec.nodeName"), found through an index. */
  where(group: string, resource: string, field: string, value: string): readonly KubeObject[];
  /** Changes when any object of the resource changes: lets readers memoise what they derive. */
  revision(group: string, resource: string): number;
}
