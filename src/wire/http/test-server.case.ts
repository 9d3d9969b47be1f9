// Certificates and listeners for the tests of this room.
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import type { Handler } from '../contract.ts';
import { createCa, issueCertificate } from '../pki/authority.ts';
import type { HttpLimits } from './limits.ts';
import { type HttpServer, serveHttp } from './server.ts';

export const world: World = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };

const nowMs = systemClock.now();
const validity = { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 3_600_000 };
const server = ['server auth', 'digital signature'] as const;
const client = ['client auth', 'digital signature'] as const;

export const ca = createCa(systemRandom, { commonName: 'test-ca', ...validity });
export const otherCa = createCa(systemRandom, { commonName: 'other-ca', ...validity });
export const serverCertificate = issueCertificate(systemRandom, ca, {
  commonName: 'server',
  usages: server,
  dnsNames: ['localhost'],
  ipAddresses: ['127.0.0.1', '::1'],
  ...validity,
});
export const clientCertificate = issueCertificate(systemRandom, ca, { commonName: 'alice', organizations: ['dev', 'ops'], usages: client, ...validity });
export const strangerCertificate = issueCertificate(systemRandom, otherCa, { commonName: 'mallory', organizations: ['system:masters'], usages: client, ...validity });
export const certificateFor = (name: string) => issueCertificate(systemRandom, ca, { commonName: name, usages: server, dnsNames: [name], ...validity });

export function listenTls(handler: Handler, limits?: Partial<HttpLimits>): Promise<HttpServer> {
  return serveHttp(world, { host: '127.0.0.1', port: 0, tls: { ...serverCertificate, clientCa: ca.cert }, handler, limits });
}

export function listenPlain(handler: Handler, limits?: Partial<HttpLimits>): Promise<HttpServer> {
  return serveHttp(world, { host: '127.0.0.1', port: 0, handler, limits });
}
