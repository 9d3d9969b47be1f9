// The three kinds of patch as clients use them, and what malformed ones answer.
import { describe, expect, it } from 'vitest';
import { StatusError } from '../status.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge.ts';

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item);
    Object.freeze(value);
  }
  return value;
}

function failure(run: () => unknown): { code: number; text: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, text: error.cause instanceof Error ? error.cause.message : error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('JSON patch', () => {
  const doc = deepFreeze({ a: { b: [1, 2, 3] }, 'x/y': 1, n: null });
  it.each([
    ['add', [{ op: 'add', path: '/a/c', value: { d: 1 } }], { a: { b: [1, 2, 3], c: { d: 1 } }, 'x/y': 1, n: null }],
    ['append', [{ op: 'add', path: '/a/b/-', value: 4 }], { a: { b: [1, 2, 3, 4] }, 'x/y': 1, n: null }],
    ['insert', [{ op: 'add', path: '/a/b/1', value: 9 }], { a: { b: [1, 9, 2, 3] }, 'x/y': 1, n: null }],
    ['negative index', [{ op: 'remove', path: '/a/b/-1' }], { a: { b: [1, 2] }, 'x/y': 1, n: null }],
    ['replace of an absent key', [{ op: 'replace', path: '/new', value: 1 }], { a: { b: [1, 2, 3] }, 'x/y': 1, n: null, new: 1 }],
    ['escaped key', [{ op: 'remove', path: '/x~1y' }], { a: { b: [1, 2, 3] }, n: null }],
    ['move', [{ op: 'move', from: '/a/b/0', path: '/m' }], { a: { b: [2, 3] }, 'x/y': 1, n: null, m: 1 }],
    ['copy', [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: [1, 2, 3] }, 'x/y': 1, n: null, c: { b: [1, 2, 3] } }],
    ['test of null and absent', [{ op: 'test', path: '/n', value: null }, { op: 'test', path: '/zz', value: null }], { a: { b: [1, 2, 3] }, 'x/y': 1, n: null }],
  ])('%s', (_name, ops, expected) => {
    expect(jsonPatch(doc, ops)).toEqual(expected);
  });

  it('keeps __proto__ an ordinary key', () => {
    const patched = jsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]) as Record<string, unknown>;
    expect(Object.keys(patched)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    [[{ op: 'test', path: '/a/b/0', value: 2 }], 422, 'testing value /a/b/0 failed: test failed'],
    [[{ op: 'remove', path: '/zz' }], 422, "error in remove for path: '/zz': Unable to remove nonexistent key: zz: missing value"],
    [[{ op: 'add', path: '/q/r', value: 1 }], 422, 'add operation does not apply: doc is missing path: "/q/r": missing value'],
    [[{ op: 'add', path: '/a/b/7', value: 1 }], 422, "error in add for path: '/a/b/7': Unable to access invalid index: 7: invalid index referenced"],
    [[{ op: 'frob', path: '/a' }], 422, 'Unexpected kind: frob'],
    [{ op: 'add' }, 400, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
  ])('refuses %j', (ops, code, text) => {
    expect(failure(() => jsonPatch(doc, ops))).toEqual({ code, text });
  });

  it('bounds the number of operations', () => {
    const ops = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/n', value: null }));
    expect(failure(() => jsonPatch(doc, ops))).toEqual({
      code: 413,
      text: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });

  it('bounds copies that double the document', () => {
    const ops = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '', path: `/c${i}` }));
    expect(failure(() => jsonPatch({ a: 'x'.repeat(1000) }, ops)).code).toBe(422);
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    expect(failure(() => jsonPatch({ a: ['x'.repeat(1000)] }, doubling)).text).toMatch(/^Unable to complete the copy, the accumulated size increase of copy is \d+, exceeding the limit 3145728$/);
  });
});

describe('merge patch', () => {
  it('merges objects, removes nulls and replaces lists', () => {
    const doc = deepFreeze({ a: { b: 1, c: [1] }, d: 'x' });
    expect(mergePatch(doc, { a: { b: null, c: [2], e: { f: null, g: 1 } }, d: { h: null } })).toEqual({ a: { c: [2], e: { g: 1 } }, d: {} });
  });
  it('refuses scalars', () => {
    expect(failure(() => mergePatch({}, 'x'))).toEqual({ code: 400, text: 'Invalid JSON Patch' });
    expect(failure(() => mergePatch({}, null))).toEqual({ code: 400, text: 'Invalid JSON Patch' });
  });
});

describe('strategic merge patch', () => {
  const pod = deepFreeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { a: '1', b: '2' }, finalizers: ['x', 'y', 'z'] },
    spec: {
      containers: [
        { name: 'web', image: 'nginx:1', env: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }] },
        { name: 'side', image: 'busybox' },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
      tolerations: [{ key: 'a' }],
    },
  });
  const patchPod = (patch: unknown): Record<string, Record<string, unknown>> =>
    strategicMergePatch('core.v1.Pod', pod, patch) as Record<string, Record<string, unknown>>;

  it('merges list items by key and keeps the others', () => {
    expect(patchPod({ spec: { containers: [{ name: 'web', image: 'nginx:2' }] } })['spec']?.['containers']).toEqual([
      { name: 'web', image: 'nginx:2', env: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }] },
      { name: 'side', image: 'busybox' },
    ]);
  });
  it('adds new items first, replaces atomic lists, removes nulls', () => {
    const patched = patchPod({ metadata: { labels: { a: null, c: '3' } }, spec: { containers: [{ name: 'new', image: 'i' }], tolerations: [{ key: 'b' }] } });
    expect(patched['metadata']?.['labels']).toEqual({ b: '2', c: '3' });
    expect((patched['spec']?.['containers'] as { name: string }[]).map((c) => c.name)).toEqual(['new', 'web', 'side']);
    expect(patched['spec']?.['tolerations']).toEqual([{ key: 'b' }]);
  });
  it('deletes items, replaces lists and maps by directive', () => {
    expect(patchPod({ spec: { containers: [{ name: 'side', $patch: 'delete' }] } })['spec']?.['containers']).toHaveLength(1);
    expect(patchPod({ spec: { containers: [{ $patch: 'replace' }, { name: 'only', image: 'i' }] } })['spec']?.['containers']).toEqual([{ name: 'only', image: 'i' }]);
    expect(patchPod({ metadata: { labels: { $patch: 'replace', z: '1' } } })['metadata']?.['labels']).toEqual({ z: '1' });
    expect(patchPod({ metadata: { labels: { $patch: 'delete' } } })['metadata']?.['labels']).toEqual({});
  });
  it('orders items by $setElementOrder', () => {
    const patched = patchPod({ spec: { '$setElementOrder/containers': [{ name: 'side' }, { name: 'web' }], containers: [{ name: 'web', image: 'nginx:3' }] } });
    expect((patched['spec']?.['containers'] as { name: string; image: string }[]).map((c) => [c.name, c.image])).toEqual([['side', 'busybox'], ['web', 'nginx:3']]);
  });
  it('merges and deletes items of primitive lists', () => {
    expect(patchPod({ metadata: { finalizers: ['w', 'x'] } })['metadata']?.['finalizers']).toEqual(['w', 'x', 'y', 'z']);
    expect(patchPod({ metadata: { '$deleteFromPrimitiveList/finalizers': ['y'], '$setElementOrder/finalizers': ['z', 'x'] } })['metadata']?.['finalizers']).toEqual(['z', 'x']);
  });
  it('keeps only what $retainKeys names', () => {
    const patched = patchPod({ spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] } });
    expect(patched['spec']?.['volumes']).toEqual([{ name: 'v', hostPath: { path: '/x' } }]);
  });
  it.each([
    [{ spec: { containers: [{ image: 'x' }] } }, 500, 'map: map[image:x] does not contain declared merge key: name'],
    [{ metadata: { labels: { $patch: 'frob' } } }, 500, 'unknown patch type: frob in map: map[$patch:frob]'],
    [{ spec: { volumes: [{ name: 'v', $retainKeys: ['name'], hostPath: {} }] } }, 400, 'invalid patch format of retainKeys'],
    [{ spec: { '$setElementOrder/containers': [{ name: 'side' }], containers: [{ name: 'web' }] } }, 500, "The order in patch list:\n[map[name:web]]\n doesn't match $setElementOrder list:\n[map[name:side]]\n"],
    [{ spec: { containers: [[]] } }, 422, 'lists of lists are not supported'],
    [{ spec: { containers: ['v1'] } }, 500, 'list element types are not identical: [[map[env:[map[name:A value:1] map[name:B value:2]] image:nginx:1 name:web] map[image:busybox name:side]] [v1]]'],
    ['x', 400, 'json: cannot unmarshal string into Go value of type map[string]interface {}'],
  ])('refuses %j', (patch, code, text) => {
    expect(failure(() => patchPod(patch))).toEqual({ code, text });
  });
});

it('deletes many items of a list in one pass', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `c${i}`);
  const pod = deepFreeze({ apiVersion: 'v1', kind: 'Pod', spec: { containers: names.map((name) => ({ name })) } });
  const patched = strategicMergePatch('core.v1.Pod', pod, { spec: { containers: names.slice(1).map((name) => ({ name, $patch: 'delete' })) } });
  // Item by item it takes 16 s and more.
  expect(patched).toMatchObject({ spec: { containers: [{ name: 'c0' }] } });
});
