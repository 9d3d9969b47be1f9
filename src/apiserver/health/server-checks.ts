// What must be well for the server to be alive, and to be ready: the store answers, the caches are loaded, nobody has asked
// it to end. The hooks after the start are in named-checks.ts.
import type { WatchCache } from '../cache/watch-cache.ts';
import type { HealthCheck, HealthEndpoint } from './checks.ts';
import { namedChecks } from './named-checks.ts';

export interface ServerState {
  readonly ready: boolean;
  readonly closing: boolean;
}

interface Checks {
  readonly alive: readonly HealthCheck[];
  /** No matter of readiness. */
  readonly certificate: HealthCheck;
  readonly ready: readonly HealthCheck[];
  readonly shutdown: HealthCheck;
}

function serverChecks(cache: WatchCache, state: ServerState): Checks {
  const pass = (): void => {};
  const store = async (): Promise<void> => void (await cache.store.status());
  const synced = (): void => {
    if (!cache.ready) throw new Error('the watch cache is not loaded');
  };
  return {
    alive: [{ name: 'ping', check: pass }, { name: 'log', check: pass }, { name: 'etcd', check: store }],
    certificate: { name: 'loopback-serving-certificate', check: pass },
    ready: [{ name: 'etcd-readiness', check: store }, { name: 'informer-sync', check: synced }],
    shutdown: {
      name: 'shutdown',
      check() {
        if (state.closing) throw new Error('process is shutting down');
      },
    },
  };
}

/**
 * /healthz, /livez and /readyz.
 * @param keyServices of encryption at rest
 * @param hooks of the start
 */
export function healthEndpoints(cache: WatchCache, state: ServerState, keyServices: readonly HealthCheck[], hooks: readonly HealthCheck[]): HealthEndpoint[] {
  const { alive, certificate, ready, shutdown } = serverChecks(cache, state);
  const afterStart = namedChecks(hooks, () => state.ready);
  return [
    { name: 'healthz', checks: () => [...alive.slice(0, 2), certificate, ...alive.slice(2), ...keyServices, ...afterStart] },
    { name: 'livez', checks: () => [...alive.slice(0, 2), certificate, ...alive.slice(2), ...afterStart] },
    { name: 'readyz', checks: () => [...alive, ...ready, ...keyServices, ...afterStart, shutdown] },
  ];
}
