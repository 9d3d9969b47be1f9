// Where a webhook is and how to trust it, as every configuration object of the API says it (WebhookClientConfig:
// admission, conversion), and the URL that follows from it. Paths are cleaned the way upstream's client does, so
// that texts and requests name the same URL.
import { posix } from 'node:path';

export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
  readonly path?: string;
  /** Default 443. */
  readonly port?: number;
}

export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: WebhookService;
  /** Base64 of PEM; without it the system's authorities. */
  readonly caBundle?: string;
}

export interface WebhookTarget {
  /** "https://name.namespace.svc:443", without a path. */
  readonly origin: string;
  /** Clean, with its slash. */
  readonly path: string;
  /** host:port, as credentials are looked up by. */
  readonly hostPort: string;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number } | undefined;
  /** Balanced names are asked over HTTP/1.1, one request a connection at a time; only this machine over HTTP/2. */
  readonly http1: boolean;
}

/** Why a configuration cannot be called at all; upstream says so without naming a URL. */
export class BadWebhookConfig extends Error {
  override name = 'BadWebhookConfig';
}

function cleanPath(path: string): string {
  const clean = posix.join('/', path);
  return clean.length > 1 ? clean.replace(/\/$/, '') : clean;
}

function isLocalHost(hostname: string): boolean {
  return hostname.toLowerCase() === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]';
}

/** Throws BadWebhookConfig. */
export function webhookTarget(config: WebhookClientConfig): WebhookTarget {
  if (config.service !== undefined) {
    const { namespace, name, path = '', port = 443 } = config.service;
    const hostPort = `${name}.${namespace}.svc:${port === 0 ? 443 : port}`;
    return { origin: `https://${hostPort}`, path: cleanPath(path), hostPort, service: { namespace, name, port: port === 0 ? 443 : port }, http1: true };
  }
  if ((config.url ?? '') === '') throw new BadWebhookConfig('webhook configuration must have either service or URL');
  let url: URL;
  try {
    url = new URL(config.url ?? '');
  } catch (error) {
    throw new BadWebhookConfig(`Unparsable URL: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  // Plain HTTP would carry objects, Secrets among them, in the clear.
  if (url.protocol !== 'https:') throw new BadWebhookConfig(`'https' is the only allowed URL scheme`);
  return {
    origin: url.origin, path: cleanPath(url.pathname), hostPort: url.port === '' ? `${url.hostname}:443` : url.host, service: undefined, http1: !isLocalHost(url.hostname),
  };
}
