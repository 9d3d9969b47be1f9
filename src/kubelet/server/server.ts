// The node's own HTTPS API: logs, exec, attach, port-forward, pods, metrics and stats, each behind
// authentication and authorization. One plain table of routes; nothing registers itself.
import { errorText } from '#base/errors.ts';
import { type Exchange, type Handler, serveHttp, type ServerTls } from '#wire';
import type { KubeletCore } from '../core.ts';
import { uidOf } from '../pod.ts';
import type { PodSet } from '../pods/pod-set.ts';
import { HttpError, sendJson, sendText } from './answers.ts';
import { createKubeletAuth, type KubeletAuth } from './auth.ts';
import { serveContainerLogs } from './container-logs.ts';
import { cadvisorMetrics, resourceMetrics } from './metrics-text.ts';
import { createStatsSummary } from './stats-summary.ts';
import { serveAttach, serveExec, servePortForward, serveRun, type StreamNames } from './streams.ts';
import { createUsage } from './usage.ts';

export interface KubeletServer {
  readonly port: number;
  readonly handler: Handler;
  /** New connections get these certificates. */
  reload(tls: ServerTls): void;
  close(): Promise<void>;
}

type Route = (exchange: Exchange, parts: readonly string[], query: URLSearchParams) => Promise<void> | void;

const prometheusText = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };

/** exec/{ns}/{pod}/{container} or exec/{ns}/{pod}/{uid}/{container} */
function streamNames(parts: readonly string[]): StreamNames {
  const [namespace = '', pod = '', third = '', fourth] = parts;
  if (parts.length !== 3 && parts.length !== 4) throw new HttpError(404, '404 page not found\n');
  return fourth === undefined ? { namespace, pod, uid: undefined, container: third } : { namespace, pod, uid: third, container: fourth };
}

function podList(core: KubeletCore, pods: PodSet): unknown {
  const items = pods.list().map((pod) => ({ ...pod, status: core.status.get(uidOf(pod)) ?? pod.status }));
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

/** Streams and logs of the node's pods; absent when debugging handlers are switched off. */
function debugRoutes(core: KubeletCore, pods: PodSet): Record<string, Route> {
  return {
    containerLogs: (exchange, [namespace = '', pod = '', container = ''], query) => serveContainerLogs(core, pods, exchange, { namespace, pod, container }, query),
    exec: (exchange, parts, query) => serveExec(core, pods, exchange, streamNames(parts), query),
    attach: (exchange, parts, query) => serveAttach(core, pods, exchange, streamNames(parts), query),
    async run(exchange, parts, query) {
      exchange.send(200, { 'content-type': 'application/json' }, await serveRun(core, pods, streamNames(parts), query));
    },
    portForward: (exchange, [namespace = '', pod = '', uid], query) => servePortForward(core, pods, exchange, { namespace, pod, uid }, query),
    runningpods: (exchange) => sendJson(exchange, podList(core, pods)),
  };
}

/** Gauges that are true at the moment of asking. */
function countPods(core: KubeletCore, pods: PodSet): void {
  const { metrics } = core.world;
  metrics.gauge('kubelet_node_name', "The node's name. The count is always 1.", ['node']).set({ node: core.config.nodeName }, 1);
  metrics.gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox').set(pods.list().filter(({ metadata }) => core.status.get(metadata?.uid ?? '')?.phase === 'Running').length);
  metrics.gauge('kubelet_running_containers', 'Number of containers currently running', ['container_state']).set({ container_state: 'running' }, core.observer.running().length);
}

function routes(core: KubeletCore, pods: PodSet): Record<string, Route> {
  const usage = createUsage(core, pods);
  const summary = createStatsSummary(core);
  return {
    healthz: (exchange) => sendText(exchange, 200, 'ok'),
    pods: (exchange) => sendJson(exchange, podList(core, pods)),
    async metrics(exchange, [kind = '']) {
      if (kind === '') {
        countPods(core, pods);
        exchange.send(200, prometheusText, await core.world.metrics.text());
      }
      else if (kind === 'resource') exchange.send(200, prometheusText, resourceMetrics(await usage()));
      else if (kind === 'cadvisor') exchange.send(200, prometheusText, cadvisorMetrics(core, await usage()));
      else if (kind === 'probes') exchange.send(200, prometheusText, await core.world.metrics.text());
      else throw new HttpError(404, '404 page not found\n');
    },
    async stats(exchange, [kind = '']) {
      if (kind !== 'summary') throw new HttpError(404, '404 page not found\n');
      sendJson(exchange, await summary(await usage()));
    },
    configz: (exchange) => sendJson(exchange, { kubeletconfig: { kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', ...core.config } }),
    ...(core.config.enableDebuggingHandlers ? debugRoutes(core, pods) : {}),
  };
}

async function allowed(auth: KubeletAuth, exchange: Exchange, path: string): Promise<boolean> {
  // The process itself asks for a user whom its API server has already let through.
  if (exchange.peer.loopback !== undefined) return true;
  const caller = await auth.authenticate(exchange);
  if (caller === undefined) {
    sendText(exchange, 401, 'Unauthorized');
    return false;
  }
  const refusal = await auth.refusal(caller, exchange.method, path);
  if (refusal === undefined) return true;
  sendText(exchange, 403, refusal);
  return false;
}

function answerError(core: KubeletCore, exchange: Exchange, error: unknown): void {
  if (exchange.responded) return;
  if (error instanceof HttpError) {
    sendText(exchange, error.status, error.message);
    return;
  }
  core.world.log.warn('a request to the node failed', { url: exchange.url, error: errorText(error) });
  sendText(exchange, 500, errorText(error));
}

/** Listens when `tls` is given; the handler works either way. */
export async function startKubeletServer(core: KubeletCore, pods: PodSet, tls: ServerTls | undefined, signal: AbortSignal): Promise<KubeletServer> {
  const auth = createKubeletAuth(core.world.clock, core.client, core.config.nodeName);
  const table = routes(core, pods);
  const handler: Handler = async (exchange) => {
    try {
      const mark = exchange.url.indexOf('?');
      const path = mark < 0 ? exchange.url : exchange.url.slice(0, mark);
      const query = new URLSearchParams(mark < 0 ? '' : exchange.url.slice(mark + 1));
      if (!(await allowed(auth, exchange, path))) return;
      const [first = '', ...rest] = path.split('/').slice(1).map(decodeURIComponent);
      const route = Object.hasOwn(table, first) ? table[first] : undefined;
      if (route === undefined) sendText(exchange, 404, '404 page not found\n');
      else await route(exchange, rest.filter((part) => part !== ''), query);
    } catch (error) {
      answerError(core, exchange, error);
    }
  };
  if (tls === undefined) return { port: 0, handler, reload: () => {}, close: async () => {} };
  const server = await serveHttp(core.world, { host: core.config.address, port: core.config.port, tls, handler });
  signal.addEventListener('abort', () => void server.close({ graceMs: 0 }), { once: true });
  return { port: server.port, handler, reload: (next) => server.reload(next), close: () => server.close({ graceMs: 1_000 }) };
}
