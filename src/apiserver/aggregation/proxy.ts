// Requests for a group and version that an extension API server answers: passed on with the caller's identity in
// headers, bodies and watches streamed, upgrades as raw bytes, redirects refused. Failures are told in plain text,
// as upstream's aggregator tells them.
import type { Clock } from '#base/clock.ts';
import { StatusError } from '#machinery';
import { endToEndHeaders, hostPort, proxyRequest, proxyUpgrade, type Dial, type Headers, type ProxyRequestOptions } from '#wire';
import { commonHeaders, type RequestHeaderSettings } from '../authn/index.ts';
import { answer, type Call } from '../request/call.ts';
import { goNetworkError, type ServiceResolver } from '../webhooks/index.ts';
import type { RemoteService } from './api-services.ts';
import { hostOf, identityHeaders, type Backends } from './backends.ts';

export interface ProxyPorts {
  readonly clock: Clock;
  readonly backends: Backends;
  readonly resolve: ServiceResolver;
  readonly isIdentityHeader: (name: string) => boolean;
  /** Opens upgraded connections. */
  readonly dial?: Dial;
}

/** Headers that a front proxy is believed by, the usual ones and this cluster's own: backends may believe them too. */
export function identityHeaderTest(settings: RequestHeaderSettings = commonHeaders): (name: string) => boolean {
  const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
  const names = new Set(lower([...settings.usernameHeaders, ...settings.uidHeaders, ...settings.groupHeaders]));
  const prefixes = ['x-remote-', 'impersonate-', ...lower(settings.extraHeaderPrefixes)];
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** Discovery is cheap for the backend and everybody waits for it. */
const discoveryTimeoutMs = 5000;

const plainText = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

function refuse(call: Call, status: number, text: string): void {
  answer(call, status, { ...plainText }, `${text}\n`);
}

/** What the client sent that is not for the backend: credentials, and names that only this server may give. */
function passedOn({ isIdentityHeader }: ProxyPorts, call: Call): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(endToEndHeaders(call.exchange.headers))) {
    if (name === 'authorization' || name === 'host' || isIdentityHeader(name)) continue;
    kept[name] = value;
  }
  const { address } = call.exchange.peer;
  if (address !== '') kept['x-forwarded-for'] = kept['x-forwarded-for'] === undefined ? address : `${kept['x-forwarded-for']}, ${address}`;
  kept['audit-id'] = call.id;
  return kept;
}

function isUpgrade(call: Call): boolean {
  return call.exchange.protocol === 'http/1.1' && call.exchange.headers.upgrade !== undefined && /upgrade/i.test(call.exchange.headers.connection ?? '');
}

function isDiscovery(call: Call): boolean {
  return !call.info.isResourceRequest && call.info.path.split('/').filter((step) => step !== '').length === 3;
}

/** Answers the call from its extension API server. */
export async function proxyToBackend(ports: ProxyPorts, remote: RemoteService, call: Call): Promise<void> {
  if (!remote.available) return refuse(call, 503, 'service unavailable');
  try {
    ports.resolve(remote.namespace, remote.service, remote.port);
  } catch {
    return refuse(call, 503, 'service unavailable');
  }
  try {
    await (isUpgrade(call) ? upgrade(ports, remote, call) : pass(ports, remote, call));
  } catch (error) {
    if (call.exchange.responded || call.givenUp !== undefined || error instanceof StatusError) throw error;
    if (call.exchange.gone) throw error;
    refuse(call, error instanceof RedirectRefused ? 502 : 503, error instanceof RedirectRefused ? error.message : `error trying to reach service: ${goNetworkError(error)}`);
  }
}

class RedirectRefused extends Error {
  override name = 'RedirectRefused';
}

async function pass(ports: ProxyPorts, remote: RemoteService, call: Call): Promise<void> {
  const abort = new AbortController();
  const outer = call.signal;
  const end = (): void => abort.abort(outer.reason);
  if (outer.aborted) end();
  outer.addEventListener('abort', end, { once: true });
  const timer = isDiscovery(call) ? ports.clock.after(discoveryTimeoutMs, () => abort.abort(new Error('context deadline exceeded'))) : undefined;
  const options: ProxyRequestOptions = {
    path: call.exchange.url,
    headers: { ...passedOn(ports, call), host: `${hostOf(remote)}:${remote.port}` },
    repeatedHeaders: identityHeaders(call.user),
    signal: abort.signal,
    responseHeaders(headers: Headers, status: number) {
      if (status >= 300 && status <= 399 && (headers.location ?? '') !== '') throw new RedirectRefused('the backend attempted to redirect this request, which is not permitted');
      call.status = status;
      return { ...headers, 'audit-id': call.id };
    },
  };
  try {
    await proxyRequest(call.exchange, ports.backends.transportOf(remote), options);
  } finally {
    timer?.cancel();
    outer.removeEventListener('abort', end);
  }
}

async function upgrade(ports: ProxyPorts, remote: RemoteService, call: Call): Promise<void> {
  const address = ports.resolve(remote.namespace, remote.service, remote.port);
  call.status = 101;
  await proxyUpgrade(call.exchange, {
    url: `https://${hostPort(address)}`, clock: ports.clock, path: call.exchange.url, tls: ports.backends.tlsOf(remote), dial: ports.dial,
    headers: { ...passedOn(ports, call), host: `${hostOf(remote)}:${remote.port}` }, repeatedHeaders: identityHeaders(call.user),
  });
}
