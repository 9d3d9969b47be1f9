// Warnings about TLS secrets whose certificate and key cannot serve, in the words of Go's crypto/tls.
import type { Secret } from '#api/core/v1.ts';
import { keyMatches, parseCertificate, pemBlocks } from '#wire';

function bytesOf(secret: Secret, name: string): string {
  return Buffer.from(secret.data?.[name] ?? '', 'base64').toString('latin1');
}

function wrong(certificate: string, key: string): string | undefined {
  const [found] = pemBlocks(certificate);
  const certificates = pemBlocks(certificate).filter((block) => block.label === 'CERTIFICATE');
  if (certificates.length === 0) {
    if (found === undefined) return 'tls: failed to find any PEM data in certificate input';
    if (found.label.endsWith('PRIVATE KEY')) return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${pemBlocks(certificate).map((block) => block.label).join(' ')}]`;
  }
  const keys = pemBlocks(key);
  if (!keys.some((block) => block.label === 'PRIVATE KEY' || block.label.endsWith(' PRIVATE KEY'))) {
    if (keys.length === 0) return 'tls: failed to find any PEM data in key input';
    if (keys.every((block) => block.label === 'CERTIFICATE')) return 'tls: found a certificate rather than a key in the PEM for the private key';
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${keys.map((block) => block.label).join(' ')}]`;
  }
  try {
    parseCertificate(certificates[0]?.der ?? '');
  } catch (error) {
    return `x509: ${error instanceof Error ? error.message : 'malformed certificate'}`;
  }
  try {
    return keyMatches(certificate, key) ? undefined : 'tls: private key does not match public key';
  } catch {
    return 'tls: failed to parse private key';
  }
}

export function keyPairWarning(secret: Secret): string[] {
  if (secret.type !== 'kubernetes.io/tls') return [];
  const problem = wrong(bytesOf(secret, 'tls.crt'), bytesOf(secret, 'tls.key'));
  return problem === undefined ? [] : [problem];
}
