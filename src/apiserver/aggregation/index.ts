// Door of aggregation/: extension API servers behind this one (upstream: kube-aggregator). An APIService names a
// group and version and the Service that answers it; requests, discovery and OpenAPI of all of them meet here. What
// nobody has registered costs a comparison with each request.
import type { World } from '#base/world.ts';
import { internalError } from '#machinery';
import type { Dial, HttpTransportOptions, Transport } from '#wire';
import type { RequestHeaderSettings } from '../authn/index.ts';
import type { ObjectReader, PostStartHook } from '../contract.ts';
import type { Call } from '../request/call.ts';
import type { ServiceResolver } from '../webhooks/index.ts';
import { apiServicesOf, type RemoteService } from './api-services.ts';
import { createBackends, type FrontProxy } from './backends.ts';
import { createController } from './controller.ts';
import { createDiscoveryMerge, type DiscoveryMerge } from './merged-discovery.ts';
import { createOpenApiMerge, type OpenApiMerge } from './merged-openapi.ts';
import { builtInPriority, customPriority, registrationGroup, type Priority } from './priorities.ts';
import { identityHeaderTest, proxyToBackend } from './proxy.ts';
import { createRegistration, type LocalVersion, type RegistrationPorts } from './registration.ts';

export type { FrontProxy } from './backends.ts';
export type { DiscoveryMerge } from './merged-discovery.ts';
export type { OpenApiMerge } from './merged-openapi.ts';

export interface AggregationPorts {
  readonly world: World;
  readonly reader: ObjectReader;
  readonly writer: RegistrationPorts['writer'];
  readonly resolve: ServiceResolver;
  readonly connect?: (options: HttpTransportOptions) => Transport;
  /** Opens connections to the cluster. */
  readonly dial?: Dial;
  readonly frontProxy?: () => FrontProxy;
  /** The headers by which a proxy in front tells who asks: they are not passed on. */
  readonly requestHeader?: RequestHeaderSettings;
  /** Groups and versions that this server answers, custom resources' among them. */
  readonly served: () => Iterable<{ readonly group: string; readonly version: string; readonly custom: boolean }>;
}

export interface Aggregation {
  /** Answers what an extension API server is responsible for; undefined for everything else. */
  route(call: Call): Promise<void> | undefined;
  readonly discovery: DiscoveryMerge;
  readonly openApi: OpenApiMerge;
  /** Registers what this server answers. */
  readonly hook: PostStartHook;
  /** APIServices, Services, endpoints or definitions have changed. */
  wake(): void;
  /** The same, where it only matters to extension API servers. */
  wakeForBackends(): void;
  close(): Promise<void>;
}

function localVersions(served: ReturnType<AggregationPorts['served']>): LocalVersion[] {
  const found = new Map<string, LocalVersion>();
  for (const { group, version, custom } of served) {
    const priority: Priority | undefined = custom ? customPriority : builtInPriority(group, version);
    // The group that registers the others needs nobody to register it; neither do groups without a known place.
    if (group === registrationGroup || priority === undefined || found.has(`${group}/${version}`)) continue;
    // What is answered beside the built-in resources can be taken over and comes back when it is given up.
    found.set(`${group}/${version}`, { group, version, priority, mode: custom || priority.group < customPriority.group ? 'true' : 'onstart' });
  }
  return [...found.values()];
}

export function createAggregation(ports: AggregationPorts): Aggregation {
  const { world, reader, writer, resolve } = ports;
  const services = apiServicesOf(reader);
  const backends = createBackends({ clock: world.clock, metrics: world.metrics, resolve, connect: ports.connect, dial: ports.dial, frontProxy: ports.frontProxy });
  const controller = createController({
    world, reader, writer, services, backends, resolve, registration: createRegistration({ reader, writer }), localVersions: () => localVersions(ports.served()),
  });
  const proxy = { clock: world.clock, backends, resolve, dial: ports.dial, isIdentityHeader: identityHeaderTest(ports.requestHeader) };
  const merge = { services, documents: controller.documents, documentsRevision: () => controller.revision };
  return {
    route(call) {
      const { remotes } = services();
      if (remotes.size === 0) return undefined;
      const remote = remoteFor(remotes, call);
      return remote === undefined ? undefined : proxyToBackend(proxy, remote, call);
    },
    discovery: createDiscoveryMerge(merge),
    openApi: createOpenApiMerge({ ...merge, backends, clock: world.clock }),
    hook: {
      name: 'kube-apiserver-autoregistration',
      async run() {
        await controller.register();
        const missing = localVersions(ports.served()).filter(({ group, version }) => !services().priorities.has(`${group}/${version}`));
        if (missing.length > 0) throw internalError(new Error(`missing APIService: ${missing.map(({ group, version }) => `${version}.${group}`).join(' ')}`));
        controller.wake();
      },
    },
    wake: () => controller.wake(),
    wakeForBackends() {
      if (services().remotes.size > 0) controller.wake();
    },
    async close() {
      controller.close();
      await backends.close();
    },
  };
}

/** By group and version in the path: "/apis/<group>/<version>" and everything below. */
function remoteFor(remotes: ReadonlyMap<string, RemoteService>, { info }: Call): RemoteService | undefined {
  if (info.isResourceRequest) return remotes.get(`${info.apiGroup}/${info.apiVersion}`);
  const [, root, first = '', second = ''] = info.path.split('/', 4);
  if (root === 'apis') return second === '' ? undefined : remotes.get(`${first}/${second}`);
  return root === 'api' && first !== '' ? remotes.get(`/${first}`) : undefined;
}
