// What `up` writes into a kubeconfig and `down` takes out again, with everything else left as it was.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { mergeKubeconfig, refreshKubeconfig, removeKubeconfig } from './kubeconfig.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'skiff-kubeconfig-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = { name: 'skiff', server: 'https://127.0.0.1:6443', ca: 'CA', clientCert: 'CERT', clientKey: 'KEY' };
const theirs = `# my clusters
apiVersion: v1
kind: Config
current-context: work
clusters:
- name: work # the big one
  cluster: {server: https://work}
contexts:
- name: work
  context: {cluster: work, user: me}
users:
- name: me
  user: {token: t}
`;

test('a new file: one context, current, readable by its owner alone', () => {
  const path = mergeKubeconfig({ KUBECONFIG: join(folder, 'deep/er/config') }, entry);
  expect(parse(readFileSync(path, 'utf8'))).toMatchObject({
    'current-context': 'skiff',
    clusters: [{ name: 'skiff', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Q0E=' } }],
    users: [{ name: 'skiff', user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
    contexts: [{ name: 'skiff', context: { cluster: 'skiff', user: 'skiff' } }],
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('an existing file keeps its entries and comments; twice is once; removal restores it', () => {
  const path = join(folder, 'config');
  writeFileSync(path, theirs);
  chmodSync(path, 0o644);
  const env = { KUBECONFIG: `${path}:/elsewhere` };
  mergeKubeconfig(env, entry);
  mergeKubeconfig(env, entry);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain('# my clusters');
  expect(text).toContain('# the big one');
  expect(parse(text)).toMatchObject({ 'current-context': 'skiff', clusters: [{ name: 'work' }, { name: 'skiff' }], users: [{ name: 'me' }, { name: 'skiff' }] });
  removeKubeconfig(env, 'skiff');
  expect(parse(readFileSync(path, 'utf8'))).toEqual({ ...(parse(theirs) as object), 'current-context': '' });
});

test('down leaves another current context alone', () => {
  const path = join(folder, 'config');
  writeFileSync(path, theirs);
  const env = { KUBECONFIG: path };
  mergeKubeconfig(env, entry);
  writeFileSync(path, readFileSync(path, 'utf8').replace('current-context: skiff', 'current-context: work'));
  removeKubeconfig(env, 'skiff');
  expect(parse(readFileSync(path, 'utf8'))).toMatchObject({ 'current-context': 'work' });
});

test('a file that is no kubeconfig is left untouched, and the message says what to do', () => {
  const path = join(folder, 'config');
  writeFileSync(path, 'just: [broken');
  expect(() => mergeKubeconfig({ KUBECONFIG: path }, entry)).toThrow(/is not a kubeconfig/);
  expect(readFileSync(path, 'utf8')).toBe('just: [broken');
});

test('a refresh changes what is there, and neither the current context nor what is not there', () => {
  const path = join(folder, 'config');
  const env = { KUBECONFIG: path };
  expect(refreshKubeconfig(env, entry)).toBeUndefined();
  writeFileSync(path, theirs);
  expect(refreshKubeconfig(env, entry)).toBeUndefined();
  mergeKubeconfig(env, entry);
  writeFileSync(path, readFileSync(path, 'utf8').replace('current-context: skiff', 'current-context: work'));
  expect(refreshKubeconfig(env, { ...entry, ca: 'NEW' })).toBe(path);
  const read = parse(readFileSync(path, 'utf8')) as { 'current-context': string; clusters: { name: string; cluster: Record<string, string> }[] };
  expect(read['current-context']).toBe('work');
  expect(read.clusters.find(({ name }) => name === 'skiff')?.cluster['certificate-authority-data']).toBe(Buffer.from('NEW').toString('base64'));
});
