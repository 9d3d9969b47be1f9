// What canonical form shares with its input must be what a full read would have made of it, keys in the same order.
import { describe, expect, it } from 'vitest';
import { settleMessage } from './canonical-form.ts';
import { decodePatched, mergePatch, normalize, stringifyJson, type KubeObject } from './index.ts';
import { planOf } from './type-plan.ts';
import { ReadContext, readMessage } from './wire-read.ts';

const pod = (): KubeObject => ({
  kind: 'Pod', apiVersion: 'v1',
  metadata: { name: 'a', namespace: 'n', creationTimestamp: '2026-01-01T00:00:00Z', labels: { app: 'x' }, finalizers: ['a/b'] },
  spec: {
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }], resources: { requests: { cpu: '10m' } }, volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    restartPolicy: 'Always', nodeSelector: { a: 'b' }, tolerations: [{ key: 'k', operator: 'Exists' }],
  },
  status: { phase: 'Pending', conditions: [{ type: 'Ready', status: 'False', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
});

/** Values that a read drops, keeps, adds to or rewrites. */
const odd: readonly unknown[] = [undefined, null, '', 0, false, {}, [], '0.5', '1000m', { z: '' }, 'text', 7];

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item);
    Object.freeze(value);
  }
  return value;
}

/** Calls `visit` with every object and list of the value. */
function nodesOf(value: unknown, out: Record<string, unknown>[] = []): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return out;
  out.push(value as Record<string, unknown>);
  for (const item of Object.values(value)) nodesOf(item, out);
  return out;
}

function attempt(run: () => unknown): string {
  try {
    return stringifyJson(run());
  } catch (error) {
    return `error: ${(error as Error).constructor.name}`;
  }
}

describe('canonical form', () => {
  it('is the object itself where nothing has to change', () => {
    const canonical = deepFreeze(normalize('core.v1.Pod', pod()));
    expect(normalize('core.v1.Pod', canonical)).toBe(canonical);
  });

  it('is what a full read makes of any object, and leaves the input alone', () => {
    const plan = planOf('core.v1.Pod');
    let tried = 0;
    for (let at = 0; at < nodesOf(pod()).length; at++) {
      for (const key of [...Object.keys(nodesOf(pod())[at] ?? {}), 'unknown', 'name', 'emptyDir', 'resources']) {
        for (const value of odd) {
          const object = pod();
          const node = nodesOf(object)[at];
          if (node === undefined || Array.isArray(node) !== /^\d+$/.test(key)) continue;
          node[key] = value;
          deepFreeze(object);
          expect(attempt(() => settleMessage(plan, object, new ReadContext(false))), `${key} = ${String(value)}`).toBe(attempt(() => readMessage(plan, object, new ReadContext(false))));
          tried++;
        }
      }
    }
    expect(tried).toBeGreaterThan(500);
  });

  it('puts fields back into the order of the type', () => {
    const { spec, metadata, ...rest } = pod();
    expect(stringifyJson(normalize('core.v1.Pod', { ...rest, spec, metadata }))).toBe(stringifyJson(pod()));
  });
});

describe('a patched object read over the one it was made from', () => {
  const stored = deepFreeze(normalize('core.v1.Pod', pod()));

  it('shares what was left alone, never what stands right below the object', () => {
    const { object } = decodePatched('core.v1.Pod', mergePatch(stored, { metadata: { labels: { b: 'c' } } }), { fieldValidation: 'Strict', known: stored });
    expect(object.spec).not.toBe(stored.spec);
    expect((object.spec as { containers: unknown }).containers).toBe((stored.spec as { containers: unknown }).containers);
    expect(object.metadata?.finalizers).toBe(stored.metadata?.finalizers);
    expect(object.metadata?.labels).toEqual({ app: 'x', b: 'c' });
  });

  it('copies a part that was touched', () => {
    const { object } = decodePatched('core.v1.Pod', mergePatch(stored, { spec: { nodeName: 'n' } }), { fieldValidation: 'Strict', known: stored });
    expect((object.spec as { containers: unknown }).containers).not.toBe((stored.spec as { containers: unknown }).containers);
    expect(stringifyJson(object)).toBe(stringifyJson(decodePatched('core.v1.Pod', mergePatch(stored, { spec: { nodeName: 'n' } })).object));
  });

  it('names unknown fields and refuses wrong types as without it', () => {
    expect(() => decodePatched('core.v1.Pod', mergePatch(stored, { metadata: { nope: 1 } }), { fieldValidation: 'Strict', known: stored })).toThrow('unknown field "metadata.nope"');
    expect(() => decodePatched('core.v1.Pod', mergePatch(stored, { metadata: { labels: 1 } }), { fieldValidation: 'Strict', known: stored })).toThrow('ObjectMeta.metadata.labels of type map[string]string');
  });
});
