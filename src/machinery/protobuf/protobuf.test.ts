// The protobuf codec: bytes worked out by hand from upstream's rules, round trips, and random damage.
import { expect, test } from 'vitest';
import { seededRandom } from '#base/random.ts';
import { decodeObject } from '../decode.ts';
import { normalize } from '../normalize.ts';
import { StatusError } from '../status.ts';
import { decodeMessage, decodeProtobuf, decodeWatchEvent, encodeMessage, encodeProtobuf, encodeWatchEvent } from './object.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('bytes are upstream\'s: zero values written, embedded sources, sorted maps', () => {
  // name=1 "v", then the embedded source 2 { emptyDir=2 { medium=1 "" } }
  expect(hex(encodeMessage('core.v1.Volume', { name: 'v', emptyDir: {} }))).toBe('0a0176120412020a00');
  // type=1, intVal=2, strVal=3 of IntOrString are always there
  expect(hex(encodeMessage('core.v1.TCPSocketAction', { port: 'http' }))).toBe('0a0a080110001a04687474701200');
  expect(hex(encodeMessage('meta.v1.LabelSelector', { matchLabels: { b: '2', a: '1' } }))).toBe('0a060a01611201310a060a0162120132');
  // verbs=4 is a message of items=1
  expect(hex(encodeMessage('meta.v1.APIResource', { name: '', singularName: '', namespaced: false, kind: '', verbs: ['get', 'list'] }))).toContain('220b0a036765740a046c697374');
});

test('objects survive the envelope', () => {
  const service = normalize('core.v1.Service', {
    apiVersion: 'v1', kind: 'Service', metadata: { name: 's', creationTimestamp: '2026-01-02T03:04:05Z', labels: { a: 'ü' } },
    spec: { ports: [{ port: 80, targetPort: 'http' }, { port: 443, targetPort: -1 }] },
  });
  const bytes = encodeProtobuf('core.v1.Service', service);
  expect(hex(bytes.subarray(0, 4))).toBe('6b387300');
  expect(decodeProtobuf(bytes)).toEqual({ apiVersion: 'v1', kind: 'Service', object: service });
  expect(decodeObject(bytes, { type: 'core.v1.Service', contentType: 'application/vnd.kubernetes.protobuf' }).object).toEqual(service);
  expect(decodeWatchEvent(encodeWatchEvent('ADDED', bytes))).toEqual({ type: 'ADDED', object: Buffer.from(bytes) });
});

test('custom resource schemas keep their unions', () => {
  const schema = {
    type: 'object', default: { a: [1, null] }, items: { type: 'string' }, additionalProperties: false, enum: [1, 'x'],
    properties: { p: { additionalProperties: { type: 'integer' }, items: [{ type: 'string' }] } }, dependencies: { d: ['x', 'y'] }, maximum: 1.5,
  };
  expect(decodeMessage('apiextensions.v1.JSONSchemaProps', encodeMessage('apiextensions.v1.JSONSchemaProps', schema))).toEqual(schema);
});

test('broken bytes are refused, whatever they are', () => {
  const random = seededRandom(7);
  const good = encodeProtobuf('core.v1.Pod', normalize('core.v1.Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'x' }] } }));
  for (let i = 0; i < 500; i++) {
    const bytes = Buffer.from(good);
    for (let n = 0; n < 3; n++) bytes[4 + Math.floor(random.next() * (bytes.length - 4))] = Math.floor(random.next() * 256);
    try {
      decodeObject(bytes.subarray(0, Math.floor(random.next() * bytes.length)), { type: 'core.v1.Pod', contentType: 'application/vnd.kubernetes.protobuf' });
    } catch (error) {
      expect(error, `seed 7, round ${i}`).toBeInstanceOf(StatusError);
    }
  }
});

test('a body with too many values is refused', () => {
  const data = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, '']));
  const bytes = encodeProtobuf('core.v1.ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data });
  const decode = (maxValues: number): unknown => decodeObject(bytes, { type: 'core.v1.ConfigMap', contentType: 'application/vnd.kubernetes.protobuf', limits: { maxValues } });
  expect(decode(300)).toBeDefined();
  expect(() => decode(100)).toThrow('more than 100 values');
});
