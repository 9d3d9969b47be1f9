// What went wrong on the way to a webhook or an extension API server, in the words of Go's net, crypto/tls and
// crypto/x509: operators, dashboards and upstream's own tests recognise failures by these texts.
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { codeOf } from '#base/errors.ts';
import type { Metrics } from '#base/metrics.ts';

/** A certificate that is not for the name that was called. */
export class CertificateNameError extends Error {
  override name = 'CertificateNameError';
}

function namesOf(certificate: PeerCertificate, kind: string): string[] {
  return (certificate.subjectaltname ?? '').split(', ').filter((part) => part.startsWith(kind)).map((part) => part.slice(kind.length));
}

function canonicalIp(address: string): string {
  try {
    return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
  } catch {
    return address;
  }
}

function matchesPattern(pattern: string, name: string): boolean {
  const host = name.toLowerCase().replace(/\.$/, '');
  const wanted = pattern.toLowerCase().replace(/\.$/, '');
  if (!wanted.startsWith('*.')) return wanted === host;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === wanted.slice(1);
}

/** Names count only as subject alternative names; the common name is not looked at. */
export function checkServerName(name: string, certificate: PeerCertificate): Error | undefined {
  const dns = namesOf(certificate, 'DNS:');
  const ips = namesOf(certificate, 'IP Address:');
  if (isIP(name) !== 0) {
    if (ips.some((ip) => canonicalIp(ip) === canonicalIp(name))) return undefined;
    return new CertificateNameError(
      ips.length === 0 ? `x509: cannot validate certificate for ${name} because it doesn't contain any IP SANs` : `x509: certificate is valid for ${ips.join(', ')}, not ${name}`,
    );
  }
  if (dns.some((pattern) => matchesPattern(pattern, name))) return undefined;
  if (dns.length === 0 && ips.length === 0 && (certificate.subject?.CN ?? '') !== '') {
    return new CertificateNameError('x509: certificate relies on legacy Common Name field, use SANs instead');
  }
  return new CertificateNameError(
    dns.length === 0 ? `x509: certificate is not valid for any names, but wanted to match ${name}` : `x509: certificate is valid for ${dns.join(', ')}, not ${name}`,
  );
}

const unknownAuthority = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
]);

const errnoTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused', EHOSTUNREACH: 'connect: no route to host', ENETUNREACH: 'connect: network is unreachable', ETIMEDOUT: 'connect: connection timed out',
  EADDRNOTAVAIL: 'connect: cannot assign requested address', EACCES: 'connect: permission denied', ENOENT: 'connect: no such file or directory',
};

interface SystemFault {
  readonly address?: unknown;
  readonly port?: unknown;
  readonly hostname?: unknown;
  readonly syscall?: unknown;
}

/** The error with a code in a chain of causes and gathered attempts. */
function coded(error: unknown): unknown {
  let at: unknown = error;
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    if (at instanceof AggregateError) {
      at = at.errors[0];
      continue;
    }
    if (at instanceof CertificateNameError || codeOf(at) !== undefined) return at;
    if (at.cause === undefined) return at;
    at = at.cause;
  }
  return at;
}

function addressOf(fault: SystemFault): string {
  const host = typeof fault.address === 'string' ? fault.address : '';
  return `${isIP(host) === 6 ? `[${host}]` : host}:${String(fault.port ?? '')}`;
}

/** Counts certificates that Go would not take any more: no alternative names, SHA-1 signatures. */
export function countedServerName(metrics: Metrics, prefix: string): typeof checkServerName {
  const missingNames = metrics.counter(
    `${prefix}_x509_missing_san_total`,
    'Counts the number of requests to servers missing SAN extension in their serving certificate OR the number of connection failures due to the lack of x509 certificate SAN extension missing (either/or, based on the runtime environment)',
  );
  const weak = metrics.counter(
    `${prefix}_x509_insecure_sha1_total`,
    'Counts the number of requests to servers with insecure SHA1 signatures in their serving certificate OR the number of connection failures due to the insecure SHA1 signatures (either/or, based on the runtime environment)',
  );
  return (name, certificate) => {
    const error = checkServerName(name, certificate);
    if (error instanceof CertificateNameError && error.message.includes('legacy Common Name')) missingNames.inc();
    if (isSignedWithSha1(certificate)) weak.inc();
    return error;
  };
}

/** sha1WithRSAEncryption and ecdsa-with-SHA1, as they stand in a certificate. */
const weakAlgorithms = [Buffer.from('06092a864886f70d010105', 'hex'), Buffer.from('06072a8648ce3d0401', 'hex')];

/** The algorithm of the signature is the last but one member of a certificate. */
function isSignedWithSha1({ raw }: PeerCertificate): boolean {
  return weakAlgorithms.some((algorithm) => raw?.includes(algorithm) === true);
}

/** As Go's HTTP client would have told it, without the leading `Post "url": `. */
export function goNetworkError(error: unknown): string {
  const found = coded(error);
  const text = found instanceof Error ? found.message : String(found);
  if (found instanceof CertificateNameError) return `tls: failed to verify certificate: ${text}`;
  const code = codeOf(found) ?? '';
  const fault: SystemFault = typeof found === 'object' && found !== null ? found : {};
  const errno = errnoTexts[code];
  if (errno !== undefined && fault.syscall === 'connect') return `dial ${fault.port === undefined ? `unix ${String(fault.address)}` : `tcp ${addressOf(fault)}`}: ${errno}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${String(fault.hostname ?? '')}: ${code === 'ENOTFOUND' ? 'no such host' : 'Temporary failure in name resolution'}`;
  if (unknownAuthority.has(code)) return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
  if (code === 'ECONNRESET') return /TLS|secure/.test(text) ? 'EOF' : 'read: connection reset by peer';
  if (code === 'EPIPE') return 'write: broken pipe';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return 'http: server gave HTTP response to HTTPS client';
  if (code.startsWith('ERR_SSL_') && /alert/i.test(text)) return `remote error: tls: ${text.replace(/^.*alert\s*/i, '').replace(/:.*$/, '')}`;
  if (code === 'HPE_INVALID_CONSTANT') return 'net/http: HTTP/1.x transport connection broken: malformed HTTP response';
  return text;
}
