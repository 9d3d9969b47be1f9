// The API server of an in-process cluster: the real one with the default security, without a port. Its way to
// kubelets is a call: exec, logs and proxy requests reach the handler of the simulated node.
import { createApiServer, defaultSecurity, type NodeProxy } from '#apiserver';
import type { World } from '#base/world.ts';
import type { Store } from '#store';
import { createCa, endToEndHeaders, generateKey, memoryTransport, proxyRequest, type CertifiedKey, type Handler, type HttpTransportOptions, type Transport } from '#wire';

export interface ControlPlane {
  readonly handler: Handler;
  readonly ca: CertifiedKey;
  /** PEM; signs service account tokens. */
  readonly serviceAccountKey: string;
  /** Resolves when the server is ready and the cluster's own objects exist. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const yearMs = 365 * 24 * 3_600_000;

/** `kubeletOf` finds a node's own HTTP API. */
function memoryNodeProxy(kubeletOf: (nodeName: string) => Handler | undefined): NodeProxy {
  return {
    async forward(exchange, target, path, options = {}) {
      const kubelet = target.kind === 'kubelet' ? kubeletOf(target.nodeName) : undefined;
      if (kubelet === undefined) throw new Error(`nothing answers at ${target.address}:${target.port}: the network of this cluster is simulated`);
      const transport = memoryTransport(kubelet, { user: 'kube-apiserver-kubelet-client', groups: ['system:masters'] });
      await proxyRequest(exchange, transport, { path, headers: options.headers ?? endToEndHeaders(exchange.headers), responseHeaders: options.responseHeaders });
    },
  };
}

/** Handlers behind Services, by host name: webhooks and extension API servers that live in this process. */
export type ServiceHandlers = Readonly<Record<string, Handler>>;

/** The client of one Service: a call. */
function memoryConnect(services: ServiceHandlers): (options: HttpTransportOptions) => Transport {
  return ({ url }) => {
    const { hostname } = new URL(url);
    return memoryTransport(async (exchange) => {
      const handler = services[hostname];
      if (handler === undefined) throw new Error(`nothing answers at ${hostname}: the network of this cluster is simulated`);
      await handler(exchange);
    }, { user: 'system:apiserver', groups: [] });
  };
}

export function startControlPlane(world: World, store: Store, kubeletOf: (nodeName: string) => Handler | undefined, services: ServiceHandlers = {}): ControlPlane {
  const now = world.clock.now();
  const ca = createCa(world.random, { commonName: 'kubernetes', notBeforeMs: now - yearMs, notAfterMs: now + 10 * yearMs });
  const serviceAccountKey = generateKey();
  const server = createApiServer(world, {
    store,
    security: defaultSecurity(world, { serviceAccountKey, issuer: 'https://kubernetes.default.svc.cluster.local', authorizationModes: ['Node', 'RBAC'] }),
    nodeProxy: memoryNodeProxy(kubeletOf),
    serviceCidr: '10.96.0.0/16',
    serviceNodePortRange: '30000-32767',
    version: { major: '1', minor: '36', gitVersion: 'v1.36.0', gitCommit: '', gitTreeState: 'clean', buildDate: '', goVersion: '', compiler: 'node', platform: 'linux/amd64' },
    trustedClients: { clientCa: ca.cert },
    connect: memoryConnect(services),
  });
  return { handler: server.handler, ca, serviceAccountKey, ready: server.start(), close: () => server.close() };
}
