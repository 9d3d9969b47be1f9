// Connections through the API server: logs, exec, attach and port-forward to a pod's kubelet, proxies to nodes,
// pods and services. Where a connection goes is decided here; the node proxy carries it.
import { isIPv6 } from 'node:net';
import type { Node, Pod } from '#api/core/v1.ts';
import type { Service } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { randomInt } from '#base/random.ts';
import { StatusError, badRequest, forbidden, genericServerResponse, internalError, invalid, notFound, serviceUnavailable, type FieldError } from '#machinery';
import type { ConnectTarget, KubeObject } from '../contract.ts';
import { admissionRequest } from '../registry/admission-chain.ts';
import { storeFailure as bareFailure } from '../registry/commit.ts';
import { freshCurrent } from '../registry/current.ts';
import type { Stored } from '../registry/strategy.ts';
import { queryFlag } from '../request/request-info.ts';
import { queryInteger } from '../request/query-options.ts';
import { answer, notesOf } from '../request/call.ts';
import { goNetworkError } from '../webhooks/index.ts';
import { storedOf, type Target } from './endpoint.ts';
import { kubeletTarget } from './kubelet-target.ts';

type PodObject = Stored<Pod>;

async function podOf(target: Target): Promise<PodObject> {
  const current = await freshCurrent(target.server.registry, storedOf(target), `${target.namespace}/${target.name}`, target.call.signal);
  if (current === undefined) throw notFound(target.served.groupResource, target.name);
  return current.object as PodObject;
}

/** The kubelet of a node as the API server reaches it. */
function kubeletOf(target: Target, nodeName: string): ConnectTarget {
  const node = target.server.reader.get('', 'nodes', '', nodeName) as (KubeObject & Node) | undefined;
  if (node === undefined) throw notFound({ group: '', resource: 'nodes' }, nodeName);
  const found = kubeletTarget(nodeName, node);
  if (found === undefined) throw internalError(new Error(`no preferred addresses found; known addresses: ${JSON.stringify(node.status?.addresses ?? [])}`));
  return found;
}

/** The container meant, by name, by annotation, or as the only one. Throws 400 as upstream words it. */
function containerOf(pod: PodObject, asked: string): string {
  const name = pod.metadata.name ?? '';
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? { containers: [] };
  const all = [...initContainers, ...containers, ...ephemeralContainers].map((container) => container.name);
  if (asked !== '') {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const only = containers[0];
  if (containers.length === 1 && only !== undefined) return only.name;
  if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${name}`);
  const initText = initContainers.length === 0 ? '' : ` or one of the init containers: [${initContainers.map((c) => c.name).join(' ')}]`;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${containers.map((c) => c.name).join(' ')}]${initText}`);
}

/** Browsers open streams with GET: whoever may only `get` an exec must not run commands by it. Throws 403. */
async function mustBeAllowedToCreate(target: Target): Promise<void> {
  const { server, call, namespace, name, subresource, served } = target;
  if (call.info.verb === 'create') return;
  const { group, version, plural } = served.info;
  const attributes = { user: call.user, isResourceRequest: true, verb: 'create', path: call.info.path, apiGroup: group, apiVersion: version, namespace, resource: plural, subresource, name };
  const verdict = await server.authorizer.authorize(attributes);
  if (verdict.decision !== 'allow') throw forbidden({ group, resource: plural }, name, verdict.reason);
}

async function admitConnect(target: Target, kind: string, options: Record<string, unknown>): Promise<void> {
  const { server, call } = target;
  const judged = { ...target, user: call.user, options: {}, dryRun: false, signal: call.signal, ...notesOf(call) };
  const request = admissionRequest(judged, 'CONNECT', { kind, apiVersion: 'v1', ...options }, undefined);
  await server.registry.admission.mutate(request);
  await server.registry.admission.validate(request);
}

/** A kubelet's refusal in plain text becomes a Status, as upstream's response checker makes one. */
function kubeletRefusal(target: Target): (status: number, text: string) => Error {
  return (status, text) => {
    if (status === 400) return badRequest(text);
    if (status === 500) return internalError(new Error(text));
    return genericServerResponse(status, target.call.exchange.method, target.served.groupResource, target.name, text, 0, false);
  };
}

interface Passing {
  /** In place of a kubelet's own answer. */
  readonly refused?: (status: number, text: string) => Error;
  /** Pages and redirects are shown as seen through this server. */
  readonly rewrites?: boolean;
  /** @param reason why nobody answered, in the words of Go's net. */
  unreached(reason: string): Error;
}

const ofProxy: Passing = { rewrites: true, unreached: (reason) => serviceUnavailable(`error trying to reach service: ${reason}`) };
const ofStream: Passing = { unreached: (reason) => bareFailure(`error dialing backend: ${reason}`) };

/** The path of the request up to what is the target's own. */
function prefixOf({ namespace, call }: Target): string {
  return call.info.path.split('/', namespace === '' ? 6 : 8).join('/');
}

async function forward(target: Target, to: ConnectTarget, path: string, { refused, rewrites = false, unreached }: Passing): Promise<void> {
  const { nodeProxy } = target.server;
  if (nodeProxy === undefined) throw serviceUnavailable('this server has no way to nodes');
  try {
    await nodeProxy.forward(target.call.exchange, to, path, { ...(refused === undefined ? {} : { refused }), ...(rewrites ? { prefix: prefixOf(target) } : {}) });
  } catch (error) {
    if (target.call.exchange.responded || error instanceof StatusError) throw error;
    throw unreached(goNetworkError(error));
  }
}

function logErrors(query: URLSearchParams): FieldError[] {
  const errors: FieldError[] = [];
  const atLeast = (name: string, least: number): void => {
    const value = queryInteger(query, name);
    if (value !== undefined && value < least) errors.push({ type: 'Invalid', field: name, badValue: value, detail: `must be greater than ${least === 1 ? '0' : 'or equal to 0'}` });
  };
  atLeast('tailLines', 0);
  atLeast('limitBytes', 1);
  atLeast('sinceSeconds', 1);
  if (query.has('sinceSeconds') && query.has('sinceTime')) errors.push({ type: 'Forbidden', field: '', detail: 'at most one of `sinceTime` or `sinceSeconds` may be specified' });
  return errors;
}

const logOptions = ['follow', 'previous', 'timestamps', 'sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes', 'stream'];

export async function getLog(target: Target): Promise<void> {
  const { query } = target.call.info;
  const insecure = queryFlag(query, 'insecureSkipTLSVerifyBackend');
  target.server.logMetrics.asked(insecure);
  const errors = logErrors(query);
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, target.name, errors);
  const pod = await podOf(target);
  const container = containerOf(pod, query.get('container') ?? '');
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') {
    answer(target.call, 200, { 'content-type': 'text/plain' }, '');
    return;
  }
  const kept = new URLSearchParams();
  for (const name of logOptions) {
    const value = query.get(name);
    if (value !== null && !(['follow', 'previous', 'timestamps'].includes(name) && !queryFlag(query, name))) kept.set(name, value);
  }
  const kubelet = { ...kubeletOf(target, nodeName), ...(insecure ? { insecure } : {}) };
  const path = `/containerLogs/${target.namespace}/${target.name}/${container}${kept.size === 0 ? '' : `?${kept.toString()}`}`;
  const host = isIPv6(kubelet.address) ? `[${kubelet.address}]` : kubelet.address;
  const unreached = (reason: string): Error => {
    if (reason.includes('x509:')) target.server.logMetrics.distrusted();
    return bareFailure(`Get "https://${host}:${kubelet.port}${path}": ${reason}`);
  };
  await forward(target, kubelet, path, { refused: kubeletRefusal(target), unreached });
}

/** exec and attach: the options travel on under the kubelet's names. */
export async function streamToContainer(target: Target, kind: 'exec' | 'attach'): Promise<void> {
  await mustBeAllowedToCreate(target);
  const { query } = target.call.info;
  const flag = (name: string, otherwise: boolean): boolean => (query.has(name) ? queryFlag(query, name) : otherwise);
  const tty = flag('tty', false);
  const streams = { stdin: flag('stdin', false), stdout: flag('stdout', true), stderr: flag('stderr', !tty), tty };
  const command = query.getAll('command');
  const container = query.get('container') ?? '';
  await admitConnect(target, kind === 'exec' ? 'PodExecOptions' : 'PodAttachOptions', { ...streams, ...(container === '' ? {} : { container }), ...(kind === 'exec' ? { command } : {}) });
  const pod = await podOf(target);
  const chosen = containerOf(pod, container);
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') throw badRequest(`pod ${target.name} does not have a host assigned`);
  const params = new URLSearchParams();
  if (streams.stdin) params.set('input', '1');
  if (streams.stdout) params.set('output', '1');
  if (streams.stderr && !tty) params.set('error', '1');
  if (tty) params.set('tty', '1');
  if (kind === 'exec') for (const word of command) params.append('command', word);
  await forward(target, kubeletOf(target, nodeName), `/${kind}/${target.namespace}/${target.name}/${chosen}?${params.toString()}`, ofStream);
}

export async function portForward(target: Target): Promise<void> {
  await mustBeAllowedToCreate(target);
  const { query } = target.call.info;
  await admitConnect(target, 'PodPortForwardOptions', { ports: query.getAll('ports').map(Number) });
  const pod = await podOf(target);
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') throw badRequest(`pod ${target.name} does not have a host assigned`);
  const params = new URLSearchParams();
  for (const port of query.getAll('ports')) params.append('port', port);
  const text = params.toString();
  await forward(target, kubeletOf(target, nodeName), `/portForward/${target.namespace}/${target.name}${text === '' ? '' : `?${text}`}`, ofStream);
}

interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  readonly port: string;
}

/** "name", "name:port", "scheme:name:" or "scheme:name:port". */
function splitName(id: string, what: string): ProxyName {
  const parts = id.split(':');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) return { scheme: 'http', name: first, port: '' };
  if (parts.length === 2 && first !== '') return { scheme: 'http', name: first, port: second };
  if (parts.length === 3 && (first === 'http' || first === 'https' || first === '') && second !== '') return { scheme: first === 'https' ? 'https' : 'http', name: second, port: third };
  throw badRequest(`invalid ${what} request "${id}"`);
}

function proxiedPath(target: Target): string {
  const { url } = target.call.exchange;
  const mark = url.indexOf('?');
  return `${target.call.info.rest === '' ? '/' : target.call.info.rest}${mark < 0 ? '' : url.slice(mark)}`;
}

/** Without a path a browser needs the slash to resolve relative links. */
function needsSlash(target: Target): boolean {
  return target.call.info.rest === '' && ['GET', 'HEAD'].includes(target.call.exchange.method) && target.call.exchange.headers.upgrade === undefined;
}

export async function proxyTo(target: Target): Promise<void> {
  const { plural } = target.served.info;
  if (needsSlash(target)) {
    answer(target.call, 301, { location: `${target.call.info.path}/` }, '');
    return;
  }
  await admitConnect(target, plural === 'nodes' ? 'NodeProxyOptions' : plural === 'pods' ? 'PodProxyOptions' : 'ServiceProxyOptions', { path: target.call.info.rest });
  const path = proxiedPath(target);
  if (plural === 'nodes') return proxyToNode(target, path);
  const to = plural === 'pods' ? await podEndpoint(target) : serviceEndpoint(target);
  await forward(target, to, path, ofProxy);
}

async function proxyToNode(target: Target, path: string): Promise<void> {
  const { scheme, name, port } = splitName(target.name, 'node');
  const kubelet = kubeletOf(target, name);
  const own = port === '' || Number(port) === kubelet.port;
  await forward(target, own ? kubelet : { kind: 'endpoint', scheme, address: kubelet.address, port: Number(port) }, path, ofProxy);
}

/** Loopback and link-local addresses would reach the server's own machine. */
function checkAddress(address: string): void {
  const bad = address === '' || /^(127\.|169\.254\.|0\.|22[4-9]\.|23\d\.|255\.255\.255\.255$)/.test(address) || address === '::1' || address === '::' || /^(fe[89ab]|ff)/i.test(address);
  if (bad) throw badRequest('address not allowed');
}

async function podEndpoint(target: Target): Promise<ConnectTarget> {
  const { scheme, name, port } = splitName(target.name, 'pod');
  const pod = await podOf({ ...target, name });
  const address = pod.status?.podIP ?? pod.status?.podIPs?.[0]?.ip ?? '';
  checkAddress(address);
  const first = pod.spec?.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort;
  return { kind: 'endpoint', scheme, address, port: port === '' ? (first ?? (scheme === 'https' ? 443 : 80)) : Number(port) };
}

function serviceEndpoint(target: Target): ConnectTarget {
  const { server, namespace } = target;
  const { scheme, name, port } = splitName(target.name, 'service');
  const service = server.reader.get('', 'services', namespace, name) as (KubeObject & Service) | undefined;
  if (service === undefined) throw notFound({ group: '', resource: 'services' }, name);
  const ports = service.spec?.ports ?? [];
  const wanted = port === '' ? (ports.length === 1 ? ports[0] : ports.find((p) => (p.name ?? '') === '')) : ports.find((p) => p.name === port || String(p.port) === port);
  if (wanted === undefined) throw serviceUnavailable(`no service port "${port}" found for service "${name}"`);
  const slices = server.reader.list('discovery.k8s.io', 'endpointslices', namespace) as readonly (KubeObject & EndpointSlice)[];
  const found: { address: string; port: number }[] = [];
  for (const slice of slices) {
    if (slice.metadata?.labels?.['kubernetes.io/service-name'] !== name) continue;
    const target = slice.ports?.find((p) => (p.name ?? '') === (wanted.name ?? ''))?.port;
    if (target === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const [address] = endpoint.addresses ?? [];
      if (address !== undefined && endpoint.conditions?.ready !== false) found.push({ address, port: target });
    }
  }
  const chosen = found[randomInt(server.world.random, Math.max(1, found.length))];
  if (chosen === undefined) throw serviceUnavailable(`no endpoints available for service "${target.name}"`);
  checkAddress(chosen.address);
  return { kind: 'endpoint', scheme, ...chosen };
}
