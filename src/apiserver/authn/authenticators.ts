// Who is asking? Authenticators are tried in order: this process itself, request-header proxies, client
// certificates, bearer tokens (static file, bootstrap, service account), anonymous where it is allowed.
// Everybody who is known also belongs to system:authenticated.
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { unauthorized } from '#machinery';
import type { Exchange } from '#wire';
import type { Authenticator, Identity, ObjectReader, RequestInfo } from '../contract.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

/** Checks one bearer token: undefined when it is not of this kind. */
export type TokenCheck = (token: string, audiences?: readonly string[]) => { identity: Identity; audiences?: readonly string[] } | undefined;

function known(identity: Identity): Identity {
  return identity.groups.includes('system:authenticated') ? identity : { ...identity, groups: [...identity.groups, 'system:authenticated'] };
}

/** Calls from within the process, under the name that main/ gave them. */
export const loopbackAuthenticator: Authenticator = {
  name: 'loopback',
  async authenticate(exchange) {
    const caller = exchange.peer.loopback;
    return caller === undefined ? undefined : known({ name: caller.user, groups: caller.groups });
  },
};

/**
 * The certificate's CN is the user, each O a group. The listener also takes certificates of the front proxy's CA: those
 * say who relays a request and never who makes it.
 */
export function x509Authenticator(clock: Clock, isProxyCertificate: (der: Uint8Array) => boolean = () => false): Authenticator {
  return {
    name: 'x509',
    async authenticate(exchange) {
      const certificate = exchange.peer.certificate;
      if (certificate === undefined) {
        // A certificate that does not verify is bad credentials, not none.
        if (exchange.peer.certificateError !== undefined) throw unauthorized();
        return undefined;
      }
      // A connection may outlive the certificate that it began with.
      if (certificate.notAfterMs < clock.now() || isProxyCertificate(certificate.der)) throw unauthorized();
      return known({ name: certificate.commonName, groups: certificate.organizations });
    },
  };
}

/** Bearer tokens in the Authorization header or in a WebSocket subprotocol (base64url.bearer.authorization.k8s.io.…). */
function bearerToken(exchange: Exchange): string | undefined {
  const header = exchange.headers.authorization;
  const match = header === undefined ? null : /^bearer +(\S+) *$/i.exec(header);
  if (match !== null) return match[1];
  const prefix = 'base64url.bearer.authorization.k8s.io.';
  const protocol = exchange.headers['sec-websocket-protocol']?.split(',').map((p) => p.trim()).find((p) => p.startsWith(prefix));
  return protocol === undefined ? undefined : Buffer.from(protocol.slice(prefix.length), 'base64url').toString();
}

export function bearerAuthenticator(checks: readonly TokenCheck[]): Authenticator {
  return {
    name: 'bearer',
    async authenticate(exchange) {
      const token = bearerToken(exchange);
      if (token === undefined) return undefined;
      for (const check of checks) {
        const found = check(token);
        if (found !== undefined) return known(found.identity);
      }
      throw unauthorized();
    },
  };
}

function sameText(a: string, b: string): boolean {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

/** `token,user,uid,"group1,group2"` lines (--token-auth-file). Throws on a malformed line, naming it. */
export function staticTokenCheck(csv: string): TokenCheck {
  const users = new Map<string, Identity>();
  for (const [i, line] of csv.split('\n').entries()) {
    if (line.trim() === '') continue;
    const columns = [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => (m[2] ?? m[1] ?? '').trim());
    const [token = '', name = '', uid = '', groups = ''] = columns;
    if (token === '' || name === '') throw new Error(`token file, line ${i + 1}: needs token,user,uid`);
    users.set(token, { name, uid, groups: groups === '' ? [] : groups.split(',') });
  }
  return (token) => {
    const identity = users.get(token);
    return identity === undefined ? undefined : { identity };
  };
}

/** Bootstrap tokens are Secrets bootstrap-token-<id> in kube-system (kubeadm's join tokens). */
export function bootstrapTokenCheck(clock: Clock, reader: ObjectReader): TokenCheck {
  return (token) => {
    const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token);
    if (match === null) return undefined;
    const [, id = '', secret = ''] = match;
    const object = reader.get('', 'secrets', 'kube-system', `bootstrap-token-${id}`);
    if (object?.type !== 'bootstrap.kubernetes.io/token' || object.metadata?.deletionTimestamp !== undefined) return undefined;
    const data = (object.data ?? {}) as Record<string, string>;
    const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
    if (!sameText(text('token-secret'), secret) || text('token-id') !== id) return undefined;
    if (text('usage-bootstrap-authentication') !== 'true') return undefined;
    const expiration = text('expiration');
    if (expiration !== '' && !(Date.parse(expiration) > clock.now())) return undefined;
    const extra = text('auth-extra-groups').split(',').filter((g) => /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(g));
    return { identity: { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...extra] } };
  };
}

export function serviceAccountCheck(tokens: ServiceAccountTokens): TokenCheck {
  return (token, audiences) => tokens.authenticate(token, audiences);
}

/** Nobody in particular: everywhere, or on the paths given alone (health endpoints by default). */
export function anonymousAuthenticator(paths?: readonly string[]): Authenticator {
  const nobody: Identity = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  return {
    name: 'anonymous',
    async authenticate(_exchange, info: RequestInfo) {
      return paths === undefined || paths.includes(info.path) ? nobody : undefined;
    },
  };
}

/** Identity from headers, for callers with a certificate of the front proxy's CA and an allowed name. */
export function requestHeaderAuthenticator(allowedNames: readonly string[], isProxyCertificate: (der: Uint8Array) => boolean): Authenticator {
  return {
    name: 'requestheader',
    async authenticate(exchange) {
      const certificate = exchange.peer.certificate;
      const user = exchange.headers['x-remote-user'];
      if (certificate === undefined || user === undefined || user === '') return undefined;
      if (!isProxyCertificate(certificate.der)) return undefined;
      if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName)) throw unauthorized();
      const extra: Record<string, string[]> = {};
      for (const [name, value] of Object.entries(exchange.headers)) {
        if (name.startsWith('x-remote-extra-') && value !== undefined) extra[decodeURIComponent(name.slice('x-remote-extra-'.length))] = value.split(', ');
      }
      return known({ name: user, groups: exchange.headers['x-remote-group']?.split(', ') ?? [], extra });
    },
  };
}
