// The bytes of objects on their way from the store to clients.
import { describe, expect, it } from 'vitest';
import { encodeProtobuf, type Sliced } from '#machinery';
import type { KubeObject } from '../contract.ts';
import { encodeStored, encodingStored, kindHead, parseServed, serveStored, withRevision } from './stored-form.ts';

const head = kindHead('ConfigMap', 'v1');

describe('stored form', () => {
  it('is stored without, and served with, the resourceVersion', () => {
    const stored = encodeStored(head, { data: { a: 'b' }, metadata: { name: 'x', resourceVersion: '3' } });
    expect(stored.toString()).toBe('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"b"}}');
    expect(serveStored(head, stored, 42).toString()).toBe('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"42","name":"x"},"data":{"a":"b"}}');
  });

  it('copes with empty metadata', () => {
    expect(serveStored(head, encodeStored(head, { metadata: {} }), 7).toString()).toBe('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7"}}');
  });

  it('reads what another program wrote in another order', () => {
    const foreign = Buffer.from('{"metadata":{"name":"x"},"data":{"n":"1"},"apiVersion":"v1","kind":"ConfigMap"}\n');
    expect(parseServed(serveStored(head, foreign, 9))).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x', resourceVersion: '9' }, data: { n: '1' } });
  });

  it('reads the protobuf that upstream keeps in its etcd', () => {
    const foreign = encodeProtobuf('core.v1.ConfigMap', { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x', uid: 'u' }, data: { a: 'ü' } });
    expect(parseServed(serveStored(head, foreign, 9))).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x', uid: 'u', resourceVersion: '9' }, data: { a: 'ü' } });
  });

  it('moves to another revision', () => {
    const served = serveStored(head, encodeStored(head, { metadata: { name: 'x' } }), 99);
    expect(withRevision(head, served, 100).toString()).toBe('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"100","name":"x"}}');
  });

  it('keeps long integers digit by digit', () => {
    const stored = Buffer.from('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"n":9007199254740993}');
    expect(encodeStored(head, parseServed(serveStored(head, stored, 1))).toString()).toContain('"n":9007199254740993');
  });

  it.each<[string, KubeObject, boolean]>([
    ['a small object', { kind: 'ConfigMap', metadata: { name: 'x', resourceVersion: '3', labels: { a: 'b' } }, data: { a: '\\"' } }, false],
    ['no metadata', { data: { a: 'b' } }, false],
    ['owners alone', { metadata: { managedFields: [{ manager: 'm', operation: 'Apply', subresource: '', fieldsV1: { 'f:data': { 'f:a': {} } } }] } }, false],
    ['what has no value', { metadata: { name: 'x', labels: undefined as never, managedFields: [{ manager: 'm', time: undefined as never }] }, data: undefined }, false],
    ['owners of thousands', { metadata: { name: 'x', managedFields: [{ manager: 'é', fieldsV1: { 'f:data': names('f:k', {}) } }, { manager: 'n', fieldsV1: { 'f:a': {} } }] }, data: names('k', 'v') }, true],
    ['thousands of labels', { metadata: { name: 'x', labels: names('k', 'v') as Record<string, string> }, data: {} }, true],
  ])('is the same with pauses: %s', (_name, object, isLarge) => {
    const work = encodingStored(head, object);
    const { pauses, bytes } = ran(work);
    expect(bytes.toString()).toBe(encodeStored(head, object).toString());
    expect(pauses > 8).toBe(isLarge);
  });
});

function names(start: string, value: unknown): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`${start}${i}`, value]));
}

function ran(work: Sliced<Buffer>): { readonly pauses: number; readonly bytes: Buffer } {
  for (let pauses = 0; ; pauses++) {
    const step = work.next();
    if (step.done === true) return { pauses, bytes: step.value };
  }
}
