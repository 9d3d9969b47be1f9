// What a TLS listener needs and what a TLS peer showed. Client certificates are asked for and never required:
// whether one is good enough is the authenticator's decision, so an unverified one is told, not refused.
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type { Peer, PeerCertificate } from '../contract.ts';
import { parseSubject } from '../pki/certificate.ts';

/** PEM texts. `cert` may be a chain, leaf first. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** CA bundle for client certificates; without it none is asked for. */
  readonly clientCa?: string;
  /** TLSv1.2 when absent. */
  readonly minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's list of cipher suites; absent: its own choice. */
  readonly ciphers?: string;
  /** OpenSSL's list of groups for the key exchange; absent: its own choice. */
  readonly curves?: string;
  /** HTTP/2 is not offered. Only when the listener starts. */
  readonly http1Only?: boolean;
  /** Further certificates by server name; "*.example.com" matches one label. */
  readonly sni?: readonly { readonly names: readonly string[]; readonly cert: string; readonly key: string }[];
}

export function contextOptions(tls: ServerTls): SecureContextOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ca: tls.clientCa,
    minVersion: tls.minVersion ?? 'TLSv1.2',
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    ...(tls.curves === undefined ? {} : { ecdhCurve: tls.curves }),
    // A resumed session would carry an identity past a change of the client CAs.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** The context for a server name; undefined for the listener's own certificate. */
export function contextsByName(tls: ServerTls): (serverName: string) => SecureContext | undefined {
  const contexts = new Map<string, SecureContext>();
  for (const { names, cert, key } of tls.sni ?? []) {
    const context = createSecureContext(contextOptions({ ...tls, cert, key }));
    for (const name of names) contexts.set(name.toLowerCase(), context);
  }
  return (serverName) => {
    const name = serverName.toLowerCase();
    return contexts.get(name) ?? contexts.get(`*${name.slice(name.indexOf('.'))}`);
  };
}

/** Who is at the other end of an accepted connection. */
export function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress ?? '';
  const peer = { address: address.startsWith('::ffff:') ? address.slice(7) : address, port: socket.remotePort ?? 0 };
  if (!(socket instanceof TLSSocket)) return peer;
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return peer;
  if (!socket.authorized) return { ...peer, certificateError: `x509: ${String(socket.authorizationError)}` };
  const subject = parseSubject(shown.raw);
  const certificate: PeerCertificate = {
    der: shown.raw,
    commonName: subject.commonName,
    organizations: subject.organizations,
    notAfterMs: shown.validToDate.getTime(),
  };
  return { ...peer, certificate };
}
