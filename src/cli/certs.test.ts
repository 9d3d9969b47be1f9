// The table of `certs check`, and what `certs renew` leaves in the folder.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { loadKubeconfig } from '#client';
import { keyMatches, parseCertificate, verifiesAgainst } from '#wire';
import { makeNextAuthority } from './ca-files.ts';
import { certificateLines, renewCertificates, residual } from './certs.ts';
import { kubeconfigFile, pkiFile, type ClusterConfig } from './paths.ts';
import { ensurePki } from './pki.ts';

const world = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
const hour = 3_600_000;

test.each([[0, '<invalid>'], [90 * 60_000, '90m'], [5 * hour, '5h'], [364 * 24 * hour, '364d'], [3650 * 24 * hour, '10y']])('%d ms are left: %s', (ms, text) => expect(residual(ms)).toBe(text));

test('renewed certificates are new, of the same authority, and in the kubeconfigs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-certs-'));
  try {
    const config: ClusterConfig = {
      name: 'c', paths: { state: folder, run: folder, log: folder }, nodeName: 'n', nodeIp: '10.0.0.1', bindAddress: '0.0.0.0', apiPort: 6443, kubeletPort: 10250, podCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/16',
      clusterDns: '10.96.0.10', clusterDomain: 'cluster.local', nodePortRange: '30000-32767', store: 'embedded', logLevel: 'info',
    };
    const read = (name: string): string => readFileSync(pkiFile(config.paths, name), 'utf8');
    expect(certificateLines(config, 0)[1]).toContain('!MISSING! admin');
    ensurePki(world.clock, world.random, config);
    const lines = certificateLines(config, systemClock.now());
    expect(lines[0]).toMatch(/^CERTIFICATE\s+EXPIRES\s+RESIDUAL TIME\s+CERTIFICATE AUTHORITY$/);
    expect(lines[2]).toMatch(/^apiserver\s+\w{3} \d\d, \d{4} \d\d:\d\d UTC\s+36[45]d\s+ca$/);
    expect(lines.at(-1)).toMatch(/^front-proxy-ca\s.*\s(9|10)y$/);
    makeNextAuthority(world, config.paths);
    expect(certificateLines(config, 0).at(-1)).toBe('the authority is being replaced (trusting); skiff certs rotate-ca goes on with it');
    rmSync(pkiFile(config.paths, 'ca-next.crt'));
    const names = ['apiserver', 'apiserver-kubelet-client', 'client-controllers', 'kubelet', 'admin'];
    const [ca, key, before] = [read('ca.crt'), read('sa.key'), names.map((name) => parseCertificate(read(`${name}.crt`)).serialNumber)];
    renewCertificates(world, config);
    expect([read('ca.crt'), read('sa.key')]).toEqual([ca, key]);
    for (const [at, name] of names.entries()) {
      expect(parseCertificate(read(`${name}.crt`)).serialNumber).not.toBe(before[at]);
      expect(verifiesAgainst(read(`${name}.crt`), ca, systemClock.now()) && keyMatches(read(`${name}.crt`), read(`${name}.key`))).toBe(true);
    }
    expect((await loadKubeconfig(world, kubeconfigFile(config.paths, 'controllers'))).tls.cert).toBe(read('client-controllers.crt'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
