// The order in which owned fields are written, of few steps and of thousands alike.
import { describe, expect, it } from 'vitest';
import { structuralShape } from '../structural/shape.ts';
import { parseStructural } from '../structural/schema.ts';
import { sortSteps } from './step-order.ts';
import { trackUpdate } from './track-update.ts';

/** The steps from the last to the first, and in an order of no meaning, sorted. */
function sorted(steps: readonly string[]): string[][] {
  const backward = steps.toReversed();
  const mixed = steps.map((_, i) => steps[(i * 7919) % steps.length] ?? '');
  return [backward, new Set(mixed).size === steps.length ? mixed : backward.slice()].map((list) => {
    sortSteps(list);
    return list;
  });
}

describe('the order of steps', () => {
  const mixed = ['.', 'f:a', 'f:b', 'k:{"name":"a"}', 'k:{"name":"a","port":9}', 'k:{"name":"a","port":10}', 'k:{"name":"a b"}', 'k:{"name":"b"}', 'k:{"port":9}', 'v:-1', 'v:9', 'v:10', 'v:1.5e2', 'v:"a"', 'v:"a b"', 'v:"a\\u003cb"', 'v:"a\\\\b"', 'v:false', 'v:true', 'i:2', 'i:10'];

  it('is by kind, then texts by spelling and numbers by value', () => {
    for (const list of sorted(mixed)) expect(list).toEqual(mixed);
  });

  it.each([
    ['texts', (i: number) => `v:"t${String(i).padStart(5, '0')}"`],
    ['texts with spaces', (i: number) => `v:"t ${String(i).padStart(5, '0')}"`],
    ['numbers', (i: number) => `v:${i - 500}`],
    ['fractions', (i: number) => `v:${i - 500.5}`],
    ['names of items', (i: number) => `k:{"name":"t${String(i).padStart(5, '0')}"}`],
    ['names and ports of items', (i: number) => `k:{"name":"t${String(i >> 4).padStart(5, '0')}","port":${i}}`],
    ['fields', (i: number) => `f:t${String(i).padStart(5, '0')}`],
  ])('is the same for thousands: %s', (_, step) => {
    const steps = Array.from({ length: 3000 }, (_, i) => step(i));
    for (const list of sorted(steps)) expect(list).toEqual(steps);
  });

  it('does not change for many of several kinds', () => {
    const many = [...mixed.slice(0, 13), ...Array.from({ length: 100 }, (_, i) => `v:"_${String(i).padStart(3, '0')}"`), ...mixed.slice(13)];
    for (const list of sorted(many)) expect(list).toEqual(many);
  });
});

it('items of a list with two keys are written in the order of both', () => {
  const item = { type: 'object', properties: { name: { type: 'string' }, port: { type: 'integer' } } };
  const items = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name', 'port'], items: item };
  const shape = structuralShape(parseStructural({ type: 'object', properties: { spec: { type: 'object', properties: { items } } } }));
  const after = { apiVersion: 'a.io/v1', kind: 'A', metadata: { name: 'a' }, spec: { items: [{ name: 'x y', port: 1 }, { name: 'x', port: 10 }, { name: 'x', port: 9 }] } };
  const entries = trackUpdate({ shape, before: undefined, after, manager: 'm', apiVersion: 'a.io/v1', nowMs: 0 }).metadata?.managedFields ?? [];
  const steps = JSON.stringify(entries).match(/k:\{[^}]*\}/g);
  expect(steps).toEqual(['k:{\\"name\\":\\"x\\",\\"port\\":9}', 'k:{\\"name\\":\\"x\\",\\"port\\":10}', 'k:{\\"name\\":\\"x y\\",\\"port\\":1}']);
});
