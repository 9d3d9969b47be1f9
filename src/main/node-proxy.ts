// The API server's way to kubelets and to pods: requests are passed on under the server's own certificate (kubelets) or
// none (pods and services), upgrades as raw bytes. The caller's credentials never travel on.
import type { Clock } from '#base/clock.ts';
import type { ConnectTarget, NodeProxy } from '#apiserver';
import { endToEndHeaders, forwardedUri, hostPort, httpTransport, pageBody, pageHeaders, proxyRequest, proxyUpgrade, type Dial, type Exchange, type Headers, type Transport } from '#wire';

export interface KubeletCredentials {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Without a CA: any kubelet is believed. */
  readonly insecure?: boolean;
}

const mostTransports = 200;
const retireMs = 10 * 60_000;

function withoutCredentials(headers: Headers): Record<string, string | undefined> {
  const kept: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) if (name !== 'authorization' && !name.startsWith('impersonate-')) kept[name] = value;
  return kept;
}

/** Who asked, at the end of those whom he asked for. */
function forwardedFor(headers: Record<string, string | undefined>, { peer }: Exchange): Record<string, string | undefined> {
  if (peer.address === '') return headers;
  const before = headers['x-forwarded-for'];
  return { ...headers, 'x-forwarded-for': before === undefined ? peer.address : `${before}, ${peer.address}` };
}

function isBelieved(target: ConnectTarget): boolean {
  return target.kind === 'kubelet' && target.insecure === true;
}

function isUpgrade(exchange: Exchange): boolean {
  return exchange.protocol === 'http/1.1' && exchange.headers.upgrade !== undefined;
}

/** Transports are kept per target; the least recently used makes room. @param dial opens connections instead of TCP. */
export function createNodeProxy(clock: Clock, credentials: KubeletCredentials, dial?: Dial): NodeProxy & { transportTo(target: ConnectTarget): Transport; renew(credentials: KubeletCredentials): void; close(): Promise<void> } {
  let kubelet = credentials;
  const transports = new Map<string, Transport>();
  const retired = new Set<Transport>();
  const urlOf = (target: ConnectTarget): string => `${target.kind === 'kubelet' ? 'https' : target.scheme}://${hostPort({ host: target.address, port: target.port })}`;
  const transportTo = (target: ConnectTarget): Transport => {
    const url = urlOf(target);
    const key = `${target.kind} ${url}${isBelieved(target) ? ' believed' : ''}`;
    const found = transports.get(key);
    const transport = found ?? httpTransport({ url, clock, dial, ...(target.kind === 'kubelet' ? { ...kubelet, ...(isBelieved(target) ? { insecure: true } : {}) } : { insecure: true }) });
    transports.delete(key);
    transports.set(key, transport);
    if (transports.size > mostTransports) {
      const [oldest] = transports;
      if (oldest !== undefined) {
        transports.delete(oldest[0]);
        void oldest[1].close();
      }
    }
    return transport;
  };
  /** Logs that are being followed go on under the old certificate for a while. */
  const retire = (transport: Transport): void => {
    retired.add(transport);
    clock.after(retireMs, () => {
      retired.delete(transport);
      void transport.close();
    }, { background: true });
  };
  return {
    transportTo,
    async forward(exchange, target, path, options = {}) {
      if (isUpgrade(exchange)) {
        const headers = forwardedFor(withoutCredentials(options.headers ?? exchange.headers), exchange);
        const tls = target.kind === 'kubelet' ? { tls: kubelet } : target.scheme === 'https' ? { tls: { insecure: true } } : {};
        return proxyUpgrade(exchange, { url: urlOf(target), path, clock, headers, dial, ...tls });
      }
      const headers = forwardedFor(withoutCredentials(options.headers ?? endToEndHeaders(exchange.headers)), exchange);
      const { prefix, responseHeaders, refused } = options;
      if (prefix === undefined) return proxyRequest(exchange, transportTo(target), { path, headers, responseHeaders, refused });
      const place = { prefix, host: hostPort({ host: target.address, port: target.port }), requestHost: exchange.headers.host ?? '' };
      return proxyRequest(exchange, transportTo(target), {
        path, headers: { ...headers, 'x-forwarded-uri': forwardedUri(prefix, path) }, refused, responseHeaders: (answered) => pageHeaders(answered, place), responseBody: (answered, body) => pageBody(answered, body, place),
      });
    },
    renew(fresh) {
      kubelet = fresh;
      for (const [key, transport] of transports) {
        if (!key.startsWith('kubelet ')) continue;
        transports.delete(key);
        retire(transport);
      }
    },
    async close() {
      await Promise.allSettled([...transports.values(), ...retired].map((t) => t.close()));
    },
  };
}
