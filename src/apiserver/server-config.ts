// What an API server is made of: its store, its security, and what the flags and the cluster say. Everything but the
// first few has a default that is upstream's.
import type { Store } from '#store';
import type { HttpTransportOptions, Transport } from '#wire';
import type { FrontProxy } from './aggregation/index.ts';
import type { Auditor } from './audit/index.ts';
import type { TrustedClients } from './bootstrap/trusted-clients.ts';
import type { Delegate, NodeProxy, PostStartHook, Security, SecurityPorts } from './contract.ts';
import type { Egress } from './egress/index.ts';
import type { Encryption } from './encryption/index.ts';
import type { FlowLimits } from './flowcontrol/index.ts';
import type { ClientCredentials } from './webhooks/index.ts';

export interface ApiServerConfig {
  readonly store: Store;
  /** What is encrypted in the store, and how. Absent: values are stored as they are. */
  readonly encryption?: Encryption;
  /** The feature gate AllowUnsafeMalformedObjectDeletion: what cannot be read may be deleted by whoever is allowed to. */
  readonly unsafeDeletion?: boolean;
  /** The feature gate CBORServingAndStorage: bodies and answers may be CBOR. */
  readonly cbor?: boolean;
  /** False: OpenAPI does not tell which values a field may have (the feature gate OpenAPIEnums). */
  readonly openApiEnums?: boolean;
  /** What is recorded of requests, and where. Absent: nothing. */
  readonly audit?: Auditor;
  /** Called once, with the server's own caches. */
  readonly security: (ports: SecurityPorts) => Security;
  readonly nodeProxy?: NodeProxy;
  /** "10.96.0.0/16" */
  readonly serviceCidr: string;
  /** "30000-32767" */
  readonly serviceNodePortRange: string;
  /** Where clients and pods reach this server; told in discovery and as the endpoint of default/kubernetes. */
  readonly advertise?: { readonly address: string; readonly port: number; /** False: somebody else keeps that endpoint. */ readonly keepsEndpoints?: boolean };
  /** The body of /version; `gitVersion` is the server's version. */
  readonly version: Readonly<Record<string, string>>;
  /** --runtime-config: which groups and versions are served besides, or instead of, those served anyway. */
  readonly runtimeConfig?: Readonly<Record<string, string>>;
  /** The flags of the process, for /flagz. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly trustedClients?: TrustedClients;
  /** How many requests run at once, and whether they are shared out fairly. */
  readonly flow?: FlowLimits;
  /** --request-timeout: how long a request that is no watch or stream may take. */
  readonly requestTimeoutMs?: number;
  /** --min-request-timeout: watches that name no end last between this and twice this; 0: until somebody ends them. */
  readonly minWatchSeconds?: number;
  /** --event-ttl: how long events are kept; 0: for good. Absent: an hour. */
  readonly eventTtlSeconds?: number;
  /** --strict-transport-security-directives: told with every answer. */
  readonly strictTransportSecurity?: readonly string[];
  /** --max-watches-per-user; 0: any number. */
  readonly watchesPerUser?: number;
  /** How long writes that arrive together may hold up the event loop before others get their turn. Absent: as long as they take. */
  readonly turnBudgetMs?: number;
  /** Groups that others answer. */
  readonly delegates?: readonly Delegate[];
  /** Further work after the start. */
  readonly hooks?: readonly PostStartHook[];
  /** The name of the machine, under which the server tells that it runs. Absent: it tells nobody. */
  readonly hostname?: string;
  /** Where calls of Services go: to ready endpoints (default) or to cluster IPs, which needs a service proxy on this machine. */
  readonly serviceRouting?: 'endpoints' | 'cluster-ip';
  /** How extension API servers know this one: the front proxy's certificate, as it is now. */
  readonly frontProxy?: () => FrontProxy;
  /** Makes the clients of webhooks and extension API servers; without it the network's. */
  readonly connect?: (options: HttpTransportOptions) => Transport;
  /** What connections leave this server through; absent: they are made directly. */
  readonly egress?: Egress;
  /** How to identify oneself to webhooks at "host:port". */
  readonly webhookCredentials?: (hostPort: string) => ClientCredentials;
}
