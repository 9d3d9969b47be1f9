// The proxy's HTTP answers: /healthz and /livez on one port, and for each LoadBalancer Service with policy Local its
// own port that tells load balancers whether this node has an endpoint (200) or not (503).
import type { World } from '#base/world.ts';
import { errorText } from '#base/errors.ts';
import { rfc3339 } from '#base/clock.ts';
import { serveHttp, type Exchange, type HttpServer } from '#wire';
import type { ServicePortEntry } from './service-ports.ts';

export interface HealthChecks {
  readonly port: number;
  /** Opens, closes and updates the Services' ports. */
  update(entries: readonly ServicePortEntry[]): void;
  close(): Promise<void>;
}

interface Check {
  service: string;
  localEndpoints: number;
  server: Promise<HttpServer | undefined>;
}

function json(exchange: Exchange, status: number, body: unknown): void {
  exchange.send(status, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' }, JSON.stringify(body));
}

export async function serveHealthChecks(world: World, host: string, port: number): Promise<HealthChecks> {
  const checks = new Map<number, Check>();
  let lastMs = 0;
  const main = await serveHttp(world, {
    host,
    port,
    handler: async (exchange) => {
      const path = exchange.url.split('?')[0];
      if (path === '/metrics') return exchange.send(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, await world.metrics.text());
      if (path !== '/healthz' && path !== '/livez') return exchange.send(404, { 'content-type': 'text/plain' }, 'not found\n');
      json(exchange, lastMs === 0 ? 503 : 200, { lastUpdated: rfc3339(lastMs), currentTime: rfc3339(world.clock.now()), nodeEligible: true });
    },
  });

  const open = (entry: ServicePortEntry): Check => {
    const check: Check = { service: entry.id.split(':')[0] ?? entry.id, localEndpoints: entry.localReady, server: Promise.resolve(undefined) };
    const [namespace = '', name = ''] = check.service.split('/');
    check.server = serveHttp(world, {
      host,
      port: entry.healthCheckNodePort,
      handler: async (exchange) =>
        json(exchange, check.localEndpoints > 0 ? 200 : 503, { service: { namespace, name }, localEndpoints: check.localEndpoints, serviceProxyHealthy: true }),
    }).catch((error: unknown) => {
      world.log.error('cannot serve a health check node port', { port: entry.healthCheckNodePort, service: check.service, error: errorText(error) });
      return undefined;
    });
    return check;
  };

  const shut = async (check: Check): Promise<void> => {
    await (await check.server)?.close({ graceMs: 0 });
  };

  return {
    port: main.port,
    update(entries) {
      lastMs = world.clock.now();
      const wanted = new Map(entries.filter((e) => e.healthCheckNodePort !== 0).map((e) => [e.healthCheckNodePort, e]));
      for (const [number, check] of checks) {
        const entry = wanted.get(number);
        if (entry !== undefined && (entry.id.split(':')[0] ?? '') === check.service) continue;
        checks.delete(number);
        void shut(check);
      }
      for (const [number, entry] of wanted) {
        const known = checks.get(number);
        if (known === undefined) checks.set(number, open(entry));
        else known.localEndpoints = entry.localReady;
      }
    },
    async close() {
      await Promise.all([...checks.values()].map(shut));
      await main.close({ graceMs: 0 });
    },
  };
}
