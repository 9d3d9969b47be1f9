// Defaults of large objects, filled in with pauses, are those that are filled in at once; and there are pauses.
import { expect, test } from 'vitest';
import type { KubeObject } from '../object.ts';
import { applyDefaults, applyingDefaults } from './index.ts';

const many = <T>(n: number, item: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => item(i));
const amounts = (n: number): object => Object.fromEntries(many(n, (i) => [`a.io/${i}`, i % 5 === 0 ? '100u' : `${i}`]));
const pod = (containers: object[]): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers, volumes: many(900, (i) => ({ name: `v${i}`, configMap: { name: 'a' } })) } });

test.each([
  ['many containers', pod(many(3_000, (i) => ({ name: `c${i}`, image: 'i', ports: [{ containerPort: 80 }], livenessProbe: { httpGet: { port: 80 } }, resources: { limits: { cpu: '1' } } })))],
  ['one of many parts', pod([{ name: 'c', image: 'i:latest', ports: many(9_000, (i) => ({ containerPort: i + 1 })), resources: { limits: amounts(50) } }])],
  ['thousands of limits', pod([{ name: 'c', image: 'i', resources: { limits: amounts(9_000) } }, { name: 'd', image: 'i', resources: { limits: amounts(200), requests: { 'a.io/7': '7', cpu: '100u' } } }])],
  ['few large ones', pod(many(20, (i) => ({ name: `c${i}`, env: many(600, () => ({ name: 'e', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } })) })))],
])('%s', (_name, object) => {
  const atOnce = structuredClone(object);
  applyDefaults('core.v1.Pod', atOnce);
  const work = applyingDefaults('core.v1.Pod', object);
  let slices = 1;
  while (work.next().done !== true) slices++;
  expect(JSON.stringify(object)).toBe(JSON.stringify(atOnce));
  expect(slices).toBeGreaterThan(1);
});
