// Everything that is no resource: health, version, metrics, discovery and OpenAPI, and the list of paths at /.
import { genericServerResponse } from '#machinery';
import type { World } from '#base/world.ts';
import type { Security } from '../contract.ts';
import { answer, type Call } from '../request/call.ts';
import type { DiscoveryPaths } from '../discovery/discovery-paths.ts';
import { answerCheck, answerHealth, type HealthEndpoint } from './checks.ts';
import { answerHealthMetrics, checkCounts, tellBuild } from './health-metrics.ts';
import { flagzPage, statuszPage } from './z-pages.ts';

export interface PathHandlers {
  handle(call: Call): Promise<void> | void;
}

export interface PathParts {
  readonly world: World;
  readonly version: Readonly<Record<string, string>>;
  readonly health: readonly HealthEndpoint[];
  readonly discovery: DiscoveryPaths;
  /** How the process was started, for /flagz. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly documents?: Security['documents'];
}

/** Routes for GET; the other paths answer any method alike, as upstream's do. */
const routes: ReadonlySet<string> = new Set(['/version', '/version/']);

/** What the router says to a path that nobody serves. */
export function answerNotFound(call: Call): void {
  answer(call, 404, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }, '404 page not found\n');
}

export function createPathHandlers(parts: PathParts): PathHandlers {
  const health = new Map(parts.health.map((endpoint) => [endpoint.name as string, endpoint]));
  const { clock } = parts.world;
  const { major = '', minor = '', gitVersion = '' } = parts.version;
  const process = {
    startedMs: clock.now(), now: () => clock.now(), binaryVersion: gitVersion.replace(/^v|\+.*$/g, ''), emulationVersion: `${major}.${minor}`, runtimeVersion: parts.version['goVersion'] ?? '', flags: parts.flags ?? {},
  };
  tellBuild(parts.world.metrics, parts.version);
  const counts = checkCounts(parts.world.metrics);
  const statusz = statuszPage(process);
  const flagz = flagzPage(process);
  const exact: Readonly<Record<string, (call: Call) => Promise<void> | void>> = {
    '/version': (call) => answer(call, 200, { 'content-type': 'application/json' }, `${JSON.stringify(parts.version, undefined, 2)}`),
    '/version/': (call) => answer(call, 200, { 'content-type': 'application/json' }, `${JSON.stringify(parts.version, undefined, 2)}`),
    '/metrics': async (call) => answer(call, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, await parts.world.metrics.text()),
    '/metrics/slis': (call) => answerHealthMetrics(call, parts.health),
    '/statusz': (call) => statusz.handle(call),
    '/flagz': (call) => flagz.handle(call),
    '/': (call) => answer(call, 200, { 'content-type': 'application/json' }, JSON.stringify({ paths: listPaths(parts) }, undefined, 2)),
  };
  return {
    handle(call) {
      const { path } = call.info;
      const [, first = '', ...rest] = path.split('/');
      const endpoint = health.get(first);
      const document = parts.documents?.[path];
      if ((document !== undefined || routes.has(path)) && call.exchange.method !== 'GET') throw genericServerResponse(405, call.exchange.method, { group: '', resource: '' }, '', '', 0, false);
      if (document !== undefined) return answer(call, 200, { 'content-type': document.contentType, 'cache-control': document.cacheControl }, document.body);
      const handler = exact[path];
      if (handler !== undefined) return handler(call);
      if (endpoint !== undefined) {
        const name = rest.join('/');
        return name === '' ? answerHealth(call, endpoint, parts.world.log, counts) : answerCheck(call, endpoint, name, counts);
      }
      if (path === '/index.html') return exact['/']?.(call);
      return parts.discovery.handle(call) ?? answerNotFound(call);
    },
  };
}

function listPaths(parts: PathParts): string[] {
  const health = parts.health.flatMap(({ name, checks }) => [`/${name}`, ...checks().map((check) => `/${name}/${check.name}`)]);
  return [...parts.discovery.paths(), ...Object.keys(parts.documents ?? {}), ...health, '/flagz', '/metrics', '/metrics/slis', '/statusz', '/version'].sort();
}
