// Certificates made here, judged by others: Node's parser and verifier, and openssl where it is installed.
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '#base/random.ts';
import { createCa, generateKey, issueCertificate, signCsr } from './authority.ts';
import { keyMatches, parseCertificate, pemBlocks, pemEncode, publicKeyHash, verifiesAgainst } from './certificate.ts';
import { createCsr, parseCsr } from './csr.ts';
import { ipBytes, ipText } from './names.ts';

const notBeforeMs = Date.UTC(2026, 0, 1);
const notAfterMs = Date.UTC(2056, 0, 1);
const nowMs = Date.UTC(2026, 6, 1);
const validity = { notBeforeMs, notAfterMs };

describe.each(['ecdsa-p256', 'rsa-2048'] as const)('a CA with an %s key', (keyType) => {
  const ca = createCa(systemRandom, { commonName: 'kubernetes', keyType, ...validity });

  it('issues server certificates with every kind of name', () => {
    const server = issueCertificate(systemRandom, ca, {
      commonName: 'kube-apiserver',
      usages: ['server auth', 'digital signature', 'key encipherment'],
      dnsNames: ['kubernetes', 'kubernetes.default.svc.cluster.local'],
      ipAddresses: ['10.96.0.1', '::1', '2001:db8::8:800:200c:417a'],
      notBeforeMs,
      notAfterMs: Date.UTC(2099, 0, 1),
    });
    expect(parseCertificate(server.cert)).toMatchObject({
      commonName: 'kube-apiserver',
      organizations: [],
      issuer: { commonName: 'kubernetes' },
      dnsNames: ['kubernetes', 'kubernetes.default.svc.cluster.local'],
      ipAddresses: ['10.96.0.1', '::1', '2001:db8::8:800:200c:417a'],
      extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
      isCa: false,
      notBeforeMs,
      // Cut at the CA's own end.
      notAfterMs,
    });
    expect(keyMatches(server.cert, server.key)).toBe(true);
    expect(keyMatches(server.cert, ca.key)).toBe(false);
    expect(verifiesAgainst(server.cert, ca.cert, nowMs)).toBe(true);
    expect(verifiesAgainst(server.cert, createCa(systemRandom, { commonName: 'kubernetes', ...validity }).cert, nowMs)).toBe(false);
    expect(verifiesAgainst(server.cert, ca.cert, notBeforeMs - 1000)).toBe(false);
    const seen = new X509Certificate(server.cert);
    expect(seen.checkHost('kubernetes')).toBe('kubernetes');
    expect(seen.checkIP('10.96.0.1')).toBe('10.96.0.1');
  });

  it('signs requests with their own subject and names', () => {
    const key = generateKey(keyType);
    const csr = createCsr(key, { commonName: 'system:node:n1', organizations: ['system:nodes', 'grüße'], dnsNames: ['n1'], ipAddresses: ['10.0.0.9'] });
    expect(parseCsr(csr)).toMatchObject({ commonName: 'system:node:n1', organizations: ['system:nodes', 'grüße'], dnsNames: ['n1'], ipAddresses: ['10.0.0.9'] });
    const cert = signCsr(systemRandom, ca, csr, { usages: ['digital signature', 'client auth'], ...validity });
    expect(parseCertificate(cert)).toMatchObject({ commonName: 'system:node:n1', organizations: ['system:nodes', 'grüße'], extendedKeyUsages: ['1.3.6.1.5.5.7.3.2'] });
    expect(keyMatches(cert, key)).toBe(true);
  });

  it.skipIf(!existsSync('/usr/bin/openssl'))('satisfies openssl', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pki-'));
    try {
      const file = (name: string, text: string): string => {
        const path = join(folder, name);
        writeFileSync(path, text);
        return path;
      };
      const openssl = (...args: string[]): string => execFileSync('/usr/bin/openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      const client = issueCertificate(systemRandom, ca, { commonName: 'admin', organizations: ['system:masters'], usages: ['client auth', 'digital signature'], ...validity });
      const caFile = file('ca.pem', ca.cert);
      expect(openssl('verify', '-x509_strict', '-purpose', 'sslclient', '-attime', String(nowMs / 1000), '-CAfile', caFile, file('client.pem', client.cert))).toContain('OK');
      expect(openssl('x509', '-noout', '-subject', '-nameopt', 'RFC2253', '-in', join(folder, 'client.pem')).trim()).toBe('subject=CN=admin,O=system:masters');
      const key = file('key.pem', generateKey(keyType));
      const csr = openssl('req', '-new', '-key', key, '-subj', '/O=dev/CN=bob', '-addext', 'subjectAltName=DNS:bob.example,IP:10.1.2.3,email:b@example.com,URI:spiffe://x');
      expect(parseCsr(csr)).toMatchObject({ commonName: 'bob', organizations: ['dev'], dnsNames: ['bob.example'], ipAddresses: ['10.1.2.3'], emailAddresses: ['b@example.com'], uris: ['spiffe://x'] });
      const own = createCsr(client.key, { commonName: 'admin', organizations: [], dnsNames: ['a.b'] });
      expect(openssl('req', '-verify', '-noout', '-text', '-in', file('own.pem', own))).toContain('DNS:a.b');
      const spki = execFileSync('sh', ['-c', `openssl x509 -pubkey -noout -in ${caFile} | openssl pkey -pubin -outform der | openssl dgst -sha256 -hex`], { encoding: 'utf8' });
      expect(publicKeyHash(ca.cert)).toBe(`sha256:${spki.trim().split(' ').at(-1) ?? ''}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('a request may be signed with SHA-1, which old tools still do', () => {
  const old = 'MIHHMHACAQAwDjEMMAoGA1UEAwwDb2xkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0Rp/chQ7HaZtY98yDNZYrqyTKcVzvs/BlRpBA9fiAYT/FBHAzVgvoHZRP5mrG8Pqt/iPIFjq3v/smxOmgYlhM6AAMAkGByqGSM49BAEDSAAwRQIgMbpUZCoNfu6KMxescfN/madq80QKRpvjFeQ0x4wu1vMCIQCfKPXqUNZCQOQ8dUekkUJFBecLJJdrCfLQfd28sYjxPg==';
  expect(parseCsr(`-----BEGIN CERTIFICATE REQUEST-----\n${old}\n-----END CERTIFICATE REQUEST-----\n`)).toMatchObject({ commonName: 'old' });
});

describe('bad input', () => {
  it('refuses requests that are malformed, foreign or wrongly signed', () => {
    const csr = createCsr(generateKey(), { commonName: 'x', organizations: [] });
    const bytes = pemBlocks(csr)[0]?.der ?? Buffer.alloc(0);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    expect(() => parseCsr(pemEncode('CERTIFICATE REQUEST', bytes))).toThrow(/signature|malformed|asn1/i);
    expect(() => parseCsr('')).toThrow('PEM block type must be CERTIFICATE REQUEST');
    expect(() => parseCsr(pemEncode('CERTIFICATE', bytes))).toThrow('PEM block type');
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => parseCsr(pemEncode('CERTIFICATE REQUEST', bytes.subarray(0, length)))).toThrow(/malformed/);
    }
  });

  it('reads and writes addresses canonically', () => {
    for (const address of ['0.0.0.0', '255.1.2.3', '::', '::1', '1::', 'fe80::1:0:0:1', '2001:db8:0:1:1:1:1:1']) expect(ipText(ipBytes(address))).toBe(address);
    expect(ipText(ipBytes('::ffff:10.0.0.1'))).toBe('::ffff:a00:1');
    expect(() => ipBytes('300.1.1.1')).toThrow('not an IP address');
  });
});
