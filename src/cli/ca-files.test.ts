// A rotation's files: each stage is read off them, and a switch that is cut off between any two writes is completed.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { createCa, issueCertificate, keyMatches, verifiesAgainst } from '#wire';
import { certificatesOf, clusterAuthority, distrustOldAuthority, forgetOldAuthority, makeNextAuthority, rotationStage, switchAuthority, trustNextAuthority } from './ca-files.ts';
import { writeDurably } from './encryption-keys.ts';
import { pkiFile, type ClusterPaths } from './paths.ts';

const world = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
const hour = 3_600_000;
let folder = '';
let paths: ClusterPaths;
let first = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-ca-files-'));
  paths = { state: folder, run: folder, log: folder };
  const ca = createCa(systemRandom, { commonName: 'kubernetes', notBeforeMs: systemClock.now() - hour, notAfterMs: systemClock.now() + 1000 * hour });
  first = ca.cert;
  writeDurably(pkiFile(paths, 'ca.key'), ca.key);
  writeDurably(pkiFile(paths, 'ca.crt'), ca.cert);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (name: string): string => readFileSync(pkiFile(paths, name), 'utf8');

test('from the first authority to the next one', () => {
  expect(rotationStage(paths)).toBe('none');
  makeNextAuthority(world, paths);
  const next = read('ca-next.crt');
  trustNextAuthority(paths);
  expect(clusterAuthority(paths)).toMatchObject({ stage: 'trusting', bundle: first + next, signing: { cert: first }, chain: '' });
  switchAuthority(world, paths);
  const issuing = clusterAuthority(paths);
  expect(issuing).toMatchObject({ stage: 'issuing', bundle: next + first, signing: { cert: next } });
  expect(keyMatches(next, issuing?.signing.key ?? '')).toBe(true);
  // The next authority under the first one's signature: whoever knows the first alone believes it.
  expect(verifiesAgainst(issuing?.chain ?? '', first, systemClock.now())).toBe(true);
  const leaf = issueCertificate(systemRandom, issuing?.signing ?? { cert: '', key: '' }, { commonName: 'l', usages: [], notBeforeMs: systemClock.now() - hour, notAfterMs: systemClock.now() + hour });
  expect([verifiesAgainst(leaf.cert, issuing?.chain ?? '', systemClock.now()), verifiesAgainst(leaf.cert, next, systemClock.now())]).toEqual([true, true]);
  distrustOldAuthority(paths);
  expect(clusterAuthority(paths)).toMatchObject({ stage: 'finishing', bundle: next, chain: '' });
  forgetOldAuthority(paths);
  expect([rotationStage(paths), existsSync(pkiFile(paths, 'ca-cross.crt'))]).toEqual(['none', false]);
});

test.each([0, 1, 2, 3])('a switch that ended after %d of its writes is completed', (writes) => {
  makeNextAuthority(world, paths);
  trustNextAuthority(paths);
  const before = mkdtempSync(join(tmpdir(), 'skiff-ca-before-'));
  cpSync(join(folder, 'pki'), before, { recursive: true });
  switchAuthority(world, paths);
  const [done, next] = [read('ca.crt'), certificatesOf(read('ca.crt'))[0] ?? ''];
  // As it was before, but for the first of: the key, the bundle, the end of the next key.
  for (const name of ['ca.key', 'ca.crt', 'ca-next.key', 'ca-next.crt'].slice(writes)) cpSync(join(before, name), pkiFile(paths, name));
  rmSync(before, { recursive: true });
  expect(rotationStage(paths)).toBe('switching');
  const authority = clusterAuthority(paths);
  expect(authority).toMatchObject({ stage: 'issuing', bundle: done, signing: { cert: next } });
  expect(keyMatches(next, authority?.signing.key ?? '')).toBe(true);
  expect(existsSync(pkiFile(paths, 'ca-next.key'))).toBe(false);
});

test('an authority that was not made to its end is made again', () => {
  writeDurably(pkiFile(paths, 'ca-next.key'), 'half');
  expect(rotationStage(paths)).toBe('none');
  makeNextAuthority(world, paths);
  expect(keyMatches(read('ca-next.crt'), read('ca-next.key'))).toBe(true);
});
