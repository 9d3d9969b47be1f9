// What the parts of the API server say to each other: who asks (Identity), what for (RequestInfo), may he
// (Authorizer), and what admission plugins see and may change. Parts import this file, never each other.
import type { ResourceInfo } from '#api/resources.ts';
import type { Exchange } from '#wire';
import type { ResourceTable } from './registry/resources.ts';
import type { WebhookCaller } from './webhooks/index.ts';

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

/** What a step adds to the answer (`Warning` headers) and to the audit event (annotations). */
export interface RequestNotes {
  /** When the request is given up, in monotonic milliseconds; undefined: never. */
  readonly deadline?: number | undefined;
  /** Aborts when the request is over, one way or the other. */
  readonly signal?: AbortSignal;
  warn(message: string): void;
  annotate(key: string, value: string): void;
}

/** undefined: these credentials are not mine. Throws StatusError 401 for credentials that are mine and bad. */
export interface Authenticator {
  readonly name: string;
  authenticate(exchange: Exchange, info: RequestInfo, notes?: RequestNotes): Promise<Identity | undefined>;
}

/** One term of a selector that a request or a review carries, as authorizers see it. */
export interface SelectorTerm {
  readonly key: string;
  /** In, NotIn, Exists, DoesNotExist; for labels also Gt and Lt. */
  readonly operator: string;
  readonly values: readonly string[];
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
  /** As sent; what selects is told by `selectorsOf` of authz/. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Instead of the texts, where a review gives terms. */
  readonly labelTerms?: readonly SelectorTerm[];
  readonly fieldTerms?: readonly SelectorTerm[];
  /** The request on whose behalf it is asked: who asks others gives up with it. */
  readonly within?: { readonly signal: AbortSignal };
}

export interface Verdict {
  readonly decision: 'allow' | 'deny' | 'none';
  readonly reason: string;
  /** What went wrong while deciding; access reviews tell it, and nobody is let in because of it. */
  readonly error?: string;
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
  /** Adds an annotation to the audit event, under "<plugin>.<domain>/<name>". */
  annotate(key: string, value: string): void;
  /** Aborts with the request: for plugins that ask others. */
  readonly signal?: AbortSignal;
  /** When the request is given up, in monotonic milliseconds; undefined: never. */
  readonly deadline?: number | undefined;
  /** What mutating plugins agree on about a second round; made by the chain. */
  reinvocation?: Reinvocation;
}

/** Mutating admission runs a second time, once, when a plugin that asks others changed the object. */
export interface Reinvocation {
  /** This is the second round. */
  isReinvoke: boolean;
  requested: boolean;
  /** What plugins remember between the rounds, by plugin name. */
  readonly memory: Map<string, unknown>;
}

/** Throws StatusError (usually 403 forbidden) to refuse. `mutate` of all plugins runs before any `validate`. */
export interface AdmissionPlugin {
  readonly name: string;
  handles(operation: Operation, resource: ResourceInfo, subresource: string): boolean;
  /** Asked with every request: false while nothing is configured that this plugin would do. */
  active?(): boolean;
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

/** A create whose answer is computed and never stored: reviews, tokens. */
export interface CreateCall {
  readonly resource: ResourceInfo;
  readonly subresource: string;
  readonly namespace: string;
  /** The name in the URL, '' without one. */
  readonly name: string;
  readonly object: KubeObject;
  readonly user: Identity;
  readonly dryRun: boolean;
  readonly notes: RequestNotes;
}

/** Keyed "group/plural" or "group/plural/subresource" ("/serviceaccounts/token") in `Security.creators`. */
export type Creator = (call: CreateCall) => Promise<KubeObject> | KubeObject;

/** Reads and writes that bypass identity, permission and admission: for the server's own bootstrap. */
export interface ObjectWriter {
  /** A consistent read. */
  lookup(group: string, resource: string, namespace: string, name: string): Promise<KubeObject | undefined>;
  /** Throws alreadyExists as any create. */
  create(group: string, resource: string, object: KubeObject): Promise<KubeObject>;
  /** Throws conflict when `metadata.resourceVersion` is stale. @param subresource 'status': nothing is asked of the specification. */
  update(group: string, resource: string, object: KubeObject, subresource?: 'status'): Promise<KubeObject>;
  /**
   * Changes the stored object as it is, status included, again when somebody was quicker; what `change` throws
   * ends it. With `dryRun` nothing is written. Owners of fields are left alone unless `subresource` says of which
   * part it is an update ('' for the object itself). Throws notFound.
   */
  mutate(group: string, resource: string, namespace: string, name: string, change: (object: KubeObject) => void, dryRun?: boolean, subresource?: string): Promise<KubeObject>;
}

export interface Impersonated {
  readonly user: Identity;
  /** The verb that allowed it, when it is a constrained one; for the audit event. */
  readonly constraint?: string;
}

/** Work that runs once the server serves, until it succeeds; /readyz shows it as poststarthook/<name>. */
export interface PostStartHook {
  readonly name: string;
  /** Nothing waits for it: the server is ready before it has succeeded. */
  readonly background?: boolean;
  run(writer: ObjectWriter, signal: AbortSignal): Promise<void>;
}

/** What the server hands to the parts that decide who may do what. */
export interface SecurityPorts {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  /** What is served, and how versions convert. */
  readonly resources: ResourceTable;
  /** Calls any webhook that a configuration object names. */
  readonly webhooks: WebhookCaller;
}

/** Who asks, may he, and what else must hold: made by main/ from authn/, authz/ and admission/. */
export interface Security {
  /** Asked in order; the first that knows the caller decides. */
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionPlugin[];
  /** The identity that the headers ask for, given what the caller is about to do; undefined: none. Throws StatusError 403 or 400. */
  readonly impersonate?: (sent: Pick<Exchange, 'headers' | 'rawHeaders'>, attributes: Attributes) => Promise<Impersonated | undefined>;
  /** The error for a refused request. */
  readonly refusal: (attributes: Attributes, reason: string) => Error;
  readonly creators: Readonly<Record<string, Creator>>;
  readonly hooks: readonly PostStartHook[];
  /** By path: what the server tells about its tokens. */
  readonly documents?: Readonly<Record<string, FixedDocument>>;
}

export interface FixedDocument {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly body: string;
}

/** Where a connection to a node, pod or service goes. */
export type ConnectTarget =
  | {
      /** The kubelet of a node, with the server's own client certificate. */
      readonly kind: 'kubelet';
      readonly nodeName: string;
      readonly address: string;
      readonly port: number;
      /** Any certificate of it is believed: the client said so. */
      readonly insecure?: boolean;
    }
  | { readonly kind: 'endpoint'; readonly scheme: 'http' | 'https'; readonly address: string; readonly port: number };

/** The API server's way to nodes and pods. Answers the exchange itself, upgrades included. */
export interface NodeProxy {
  /** `path` is path and query at the target. Rejects, without having answered, when the target cannot be reached. */
  forward(exchange: Exchange, target: ConnectTarget, path: string, options?: ForwardOptions): Promise<void>;
}

export interface ForwardOptions {
  /** Instead of the request's own end-to-end headers. */
  readonly headers?: Exchange['headers'];
  readonly responseHeaders?: (headers: Exchange['headers'], status: number) => Exchange['headers'];
  /** Answers of 400 and above are not passed on: what this returns is thrown. */
  readonly refused?: (status: number, text: string) => Error;
  /** The path of this server that stands for the target's root: links and redirects are rewritten to go through it. */
  readonly prefix?: string;
}

/** A group that something else answers below this server's identity and permission checks: metrics.k8s.io. */
export interface Delegate {
  /** Told in discovery. All of one group. */
  readonly resources: readonly ResourceInfo[];
  /** Gets the request as it came. */
  readonly handler: (exchange: Exchange) => Promise<void>;
}
