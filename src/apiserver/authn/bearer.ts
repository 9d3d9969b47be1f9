// Bearer tokens in the Authorization header, or in a WebSocket subprotocol for browsers, which cannot set headers
// (base64url.bearer.authorization.k8s.io.<token>). Whoever shows a token that nobody takes is refused, never anonymous.
import { unauthorized } from '#machinery';
import { isWebSocketRequest, type Exchange } from '#wire';
import type { Authenticator, Identity, RequestNotes } from '../contract.ts';
import { known } from './groups.ts';
import { askInOrder, type TokenCheck } from './token-checks.ts';

const protocolPrefix = 'base64url.bearer.authorization.k8s.io.';

function headerToken(exchange: Exchange, notes: RequestNotes | undefined): string | undefined {
  const [scheme = '', token = '', ...more] = exchange.headers.authorization?.trim().split(' ') ?? [];
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  if (token !== '') return token;
  if (more.length > 0) notes?.warn('the provided Authorization header contains extra space before the bearer token, and is ignored');
  return undefined;
}

/** Throws 401 for a protocol list that says the token wrongly. */
function protocolToken(exchange: Exchange): string | undefined {
  if (!isWebSocketRequest(exchange)) return undefined;
  const protocols = exchange.headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim()) ?? [];
  const [own, ...more] = protocols.filter((protocol) => protocol.startsWith(protocolPrefix));
  if (own === undefined) return undefined;
  const encoded = own.slice(protocolPrefix.length);
  const bytes = Buffer.from(encoded, 'base64url');
  const isText = Buffer.from(bytes.toString()).equals(bytes);
  // Something else must be left to agree on.
  if (more.length > 0 || protocols.length === 1 || bytes.toString('base64url') !== encoded || !isText) throw unauthorized();
  return bytes.length === 0 ? undefined : bytes.toString();
}

export function bearerAuthenticator(checks: readonly TokenCheck[]): Authenticator {
  return {
    name: 'bearer',
    async authenticate(exchange, _info, notes): Promise<Identity | undefined> {
      const token = headerToken(exchange, notes) ?? protocolToken(exchange);
      if (token === undefined) return undefined;
      try {
        const found = await askInOrder(checks, { token, ...(notes === undefined ? {} : { notes }) });
        if (found !== undefined) return known(found.identity);
      } catch (error) {
        const refusal = unauthorized();
        refusal.cause = error;
        throw refusal;
      }
      throw unauthorized();
    },
  };
}
