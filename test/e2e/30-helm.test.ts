// helm's life of a release: install with hooks, list, test, upgrade, rollback, uninstall.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attempt, helm, kubectl } from './clients.ts';

const ns = 'helm-test';
const chart = join(import.meta.dirname, 'charts/greeter');
const page = (): string => kubectl(`-n ${ns} get cm greet -o jsonpath={.data.index\\.html}`);

beforeAll(() => void kubectl(`create namespace ${ns}`));
afterAll(() => void attempt('kubectl', ['delete', 'namespace', ns, '--timeout=90s']));

test('install waits for the release, its hook has run', () => {
  expect(helm(`install greet ${chart} -n ${ns} --wait --timeout 120s`)).toContain('STATUS: deployed');
  expect(kubectl(`-n ${ns} logs job/greet-before`)).toBe('preparing hello\n');
  expect(page()).toBe('hello');
});

test('list and test', () => {
  expect(helm(`list -n ${ns}`)).toMatch(/greet\s+helm-test\s+1\s+.*deployed\s+greeter-0\.1\.0/);
  expect(helm(`test greet -n ${ns} --timeout 60s`)).toMatch(/Phase: +Succeeded/);
});

test('upgrade, history, rollback', () => {
  expect(helm(`upgrade greet ${chart} -n ${ns} --set greeting=bonjour --set replicas=2 --wait --timeout 120s`)).toContain('REVISION: 2');
  expect(page()).toBe('bonjour');
  expect(helm(`history greet -n ${ns}`)).toMatch(/2\s.*deployed/);
  expect(helm(`rollback greet 1 -n ${ns} --wait --timeout 120s`)).toContain('Rollback was a success');
  expect(page()).toBe('hello');
});

test('uninstall leaves nothing of the release', () => {
  expect(helm(`uninstall greet -n ${ns} --wait`)).toContain('uninstalled');
  expect(kubectl(`-n ${ns} get deploy,svc,cm -o name`)).toBe('configmap/kube-root-ca.crt\n');
});
