// One probe of one container: exec, HTTP, TCP or gRPC, with upstream's texts. Succeeds, warns (an HTTP
// redirect to elsewhere), fails, or throws when it could not be made at all.
import type { Container, HTTPGetAction, Pod, Probe } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import type { Runtime } from '#runtime';
import type { HostNetwork, HttpProbe } from '../host.ts';
import { expand } from '../container/expansion.ts';

export interface ProbeOutcome {
  readonly result: 'success' | 'warning' | 'failure';
  readonly output: string;
}

export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
}

const maxOutput = 10 * 1024;

/** A port by number or by the container's name for it. */
export function resolvePort(port: number | string, container: Container): number {
  const number = typeof port === 'number' || /^\d+$/.test(port) ? Number(port) : container.ports?.find(({ name }) => name === port)?.containerPort;
  if (number === undefined) throw new Error(`couldn't find port: "${port}" in container ports`);
  if (number < 1 || number > 65_535) throw new Error(`invalid port number: ${number}`);
  return number;
}

/** The request of an httpGet action with upstream's own headers unless the user sets them. */
export function httpRequestOf(action: HTTPGetAction, container: Container, podIP: string, agent: 'probe' | 'lifecycle', minor: string): HttpProbe {
  const given: [string, string][] = (action.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]);
  const host = given.find(([name]) => name === 'host');
  const headers = given.filter(([name, value]) => !(value === '' && (name === 'user-agent' || name === 'accept')));
  if (!given.some(([name]) => name === 'user-agent')) headers.push(['user-agent', `kube-${agent}/1.${minor}`]);
  if (!given.some(([name]) => name === 'accept')) headers.push(['accept', '*/*']);
  const target = action.host !== undefined && action.host !== '' ? action.host : podIP;
  const port = resolvePort(action.port, container);
  if (host === undefined) headers.push(['host', target.includes(':') ? `[${target}]:${port}` : `${target}:${port}`]);
  headers.push(['connection', 'close']);
  const path = action.path ?? '/';
  return { scheme: (action.scheme ?? 'HTTP').toLowerCase() === 'https' ? 'https' : 'http', host: target, port, path: path.startsWith('/') ? path : `/${path}`, headers };
}

/** Follows redirects within the same host; elsewhere is a success with a warning, as upstream has it. */
async function httpProbe(network: HostNetwork, request: HttpProbe, timeoutMs: number): Promise<ProbeOutcome> {
  let current = request;
  for (let hops = 0; hops <= 10; hops++) {
    let answer;
    try {
      answer = await network.http(current, timeoutMs);
    } catch (error) {
      return { result: 'failure', output: errorText(error) };
    }
    const { status, body, location } = answer;
    if (status >= 300 && status < 400 && location !== undefined) {
      const next = new URL(location, `${current.scheme}://${current.host.includes(':') ? `[${current.host}]` : current.host}:${current.port}${current.path}`);
      const host = next.hostname.replace(/^\[|\]$/g, '');
      if (host !== request.host) return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
      const scheme = next.protocol === 'https:' ? 'https' : 'http';
      current = { ...current, scheme, host, port: Number(next.port) || (scheme === 'https' ? 443 : 80), path: next.pathname + next.search };
      continue;
    }
    if (status >= 200 && status < 400) return { result: 'success', output: body };
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${status}` };
  }
  return { result: 'failure', output: 'stopped after 10 redirects' };
}

async function execProbe(runtime: Runtime, target: ProbeTarget, command: readonly string[], timeoutSeconds: number): Promise<ProbeOutcome> {
  const env = new Map((target.container.env ?? []).map(({ name, value }) => [name, value]));
  const expanded = command.map((part) => expand(part, (name) => env.get(name)));
  try {
    const { stdout, stderr, exitCode } = await runtime.execSync(target.containerId, expanded, timeoutSeconds);
    const output = Buffer.concat([stdout, stderr]).subarray(0, maxOutput).toString('utf8');
    return { result: exitCode === 0 ? 'success' : 'failure', output };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'DEADLINE_EXCEEDED') return { result: 'failure', output: `command timed out: ${JSON.stringify(expanded.join(' '))} timed out after ${timeoutSeconds}s` };
    throw error;
  }
}

/** Throws when no result could be had; the caller tries again (three times) and then reports it. */
export async function probeOnce(runtime: Runtime, network: HostNetwork, probe: Probe, target: ProbeTarget, minor: string): Promise<ProbeOutcome> {
  const timeoutSeconds = probe.timeoutSeconds ?? 1;
  const timeoutMs = timeoutSeconds * 1000;
  if (probe.exec !== undefined) return execProbe(runtime, target, probe.exec.command ?? [], timeoutSeconds);
  if (probe.httpGet !== undefined) return httpProbe(network, httpRequestOf(probe.httpGet, target.container, target.podIP, 'probe', minor), timeoutMs);
  if (probe.tcpSocket !== undefined) {
    const port = resolvePort(probe.tcpSocket.port, target.container);
    const host = probe.tcpSocket.host !== undefined && probe.tcpSocket.host !== '' ? probe.tcpSocket.host : target.podIP;
    try {
      await network.tcp(host, port, timeoutMs);
      return { result: 'success', output: '' };
    } catch (error) {
      return { result: 'failure', output: errorText(error) };
    }
  }
  if (probe.grpc !== undefined) {
    try {
      const state = await network.grpcHealth(target.podIP, probe.grpc.port, probe.grpc.service ?? '', timeoutMs);
      return state === 'SERVING' ? { result: 'success', output: 'service healthy' } : { result: 'failure', output: `service unhealthy (responded with "${state}")` };
    } catch (error) {
      return { result: 'failure', output: `error: ${errorText(error)}` };
    }
  }
  throw new Error(`missing probe handler for ${target.container.name}`);
}
