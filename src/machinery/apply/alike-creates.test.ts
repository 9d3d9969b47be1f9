// Creators own the same fields whether an object of the same make came before or not.
import { expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom, type Random } from '#base/random.ts';
import { cloneJson } from '../patch/json-tree.ts';
import type { KubeObject } from '../object.ts';
import { recentValues } from '../twins.ts';
import { shapeOf } from './shape.ts';
import { trackUpdate } from './track-update.ts';

type Json = Record<string, unknown>;

const owned = (type: string | undefined, after: unknown, shape = shapeOf(type)): unknown => {
  const { metadata } = trackUpdate({ type, shape, before: undefined, after: after as KubeObject, manager: 'm', apiVersion: 'v1', nowMs: 0 });
  return metadata?.managedFields;
};

/** As if nothing had come before: makes are kept for each shape. */
const ownedAnew = (type: string | undefined, after: unknown): unknown => owned(type, after, { ...shapeOf(type) });

const meta = { name: 'a', namespace: 'd', labels: { app: 'a', tier: 'b' }, annotations: { note: 'x' }, finalizers: ['example.com/a'], ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'o', uid: 'u' }] };
const examples: readonly (readonly [type: string | undefined, object: Json])[] = [
  ['core.v1.ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta, data: { a: '1', b: '' }, immutable: false }],
  ['scheduling.v1.PriorityClass', { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: meta, value: 0, description: 'd' }],
  ['core.v1.Pod', { apiVersion: 'v1', kind: 'Pod', metadata: meta, spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }], env: [{ name: 'A', value: '1' }], resources: { limits: { cpu: '1' } } }], nodeSelector: {}, tolerations: [{ key: 'k' }] }, status: {} }],
  ['core.v1.Service', { apiVersion: 'v1', kind: 'Service', metadata: meta, spec: { selector: { app: 'a' }, ports: [{ port: 80, protocol: 'TCP' }], clusterIPs: ['None'] }, status: { loadBalancer: {} } }],
  [undefined, { apiVersion: 'example.com/v1', kind: 'Thing', metadata: meta, spec: { a: { b: [1, 2], c: null, d: {} }, e: '' } }],
];
const scalars: readonly unknown[] = ['', 'text', 0, 7, '0', '0s', false, true, null, {}, [], { key: 'v' }, ['v'], [{ name: 'n', key: 'k', containerPort: 1, port: 1, uid: 'u' }]];

function change(random: Random, object: Json): void {
  const places: [Json | unknown[], string][] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      if (value === object && key !== 'spec' && key !== 'data' && key !== 'value' && key !== 'metadata') continue;
      places.push([value as Json, key]);
      walk((value as Json)[key]);
    }
  };
  walk(object);
  const [holder, key] = places[randomInt(random, places.length)] ?? [object, 'spec'];
  if (holder === object && key === 'metadata') return;
  const into = holder as Json;
  const how = randomInt(random, 4);
  if (how === 0 && !Array.isArray(holder)) delete into[key];
  else if (how === 1 && !Array.isArray(holder)) into[`new${randomInt(random, 3)}`] = cloneJson(scalars[randomInt(random, scalars.length)]);
  else into[key] = typeof into[key] === 'string' && how === 2 ? `${String(into[key])}x` : cloneJson(scalars[randomInt(random, scalars.length)]);
}

test('an object owns what it would own had none of its make come before', () => {
  const seed = randomInt(systemRandom, 2 ** 30);
  const random = seededRandom(seed);
  for (let i = 0; i < 600; i++) {
    for (const [type, example] of examples) {
      const object = cloneJson(example);
      for (let changes = randomInt(random, 4); changes > 0; changes--) change(random, object);
      const told = JSON.stringify(object);
      expect(JSON.stringify(owned(type, object)), `seed ${seed}: ${told}`).toBe(JSON.stringify(ownedAnew(type, object)));
      expect(JSON.stringify(object)).toBe(told);
    }
  }
});

test('specs that are shared make no other object alike', () => {
  const specs = recentValues();
  const pod = (spec: unknown): Json => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec });
  const small = { containers: [{ name: 'c', image: 'i' }] };
  const large = { containers: [{ name: 'c', image: 'i', command: ['x'] }], hostNetwork: true };
  for (const spec of [small, large]) specs.meet(spec);
  for (const spec of [small, large, small, large]) {
    const twin = specs.meet(cloneJson(spec));
    expect(JSON.stringify(owned('core.v1.Pod', pod(twin)))).toBe(JSON.stringify(ownedAnew('core.v1.Pod', pod(spec))));
  }
});
