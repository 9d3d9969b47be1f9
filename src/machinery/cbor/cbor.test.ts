// CBOR against upstream's own texts, and against another implementation of the encoding.
import { decode as decodeByOther, encode as encodeByOther } from 'cborg';
import { describe, expect, test } from 'vitest';
import { decodeObject } from '../decode.ts';
import type { KubeObject } from '../object.ts';
import { atOnce } from '../slices.ts';
import { StatusError } from '../status.ts';
import { decodingAnyCbor } from './decode.ts';
import { encodeCbor } from './encode.ts';

const limits = { maxDepth: 1000, maxValues: 100_000 };
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const any = (text: string): unknown => atOnce(decodingAnyCbor(hex(text), limits));

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'no refusal';
}

describe('values without a type', () => {
  test.each([
    ['f4', false], ['f5', true], ['f6', null], ['00', 0], ['18ff', 255], ['1a000f4240', 1_000_000], ['20', -1], ['3903e7', -1000],
    ['f93c00', 1], ['f93e00', 1.5], ['fa47c35000', 100_000], ['fb3ff199999999999a', 1.1], ['f90001', 5.960464477539063e-8],
    ['4161', 'a'], ['6161', 'a'], ['d6420102', 'AQI='], ['d5420102', 'AQI'], ['d7420102', '0102'], ['5f41614162ff', 'ab'], ['7f61616162ff', 'ab'],
    ['80', []], ['820102', [1, 2]], ['9f0102ff', [1, 2]], ['a0', {}], ['a1416101', { a: 1 }], ['bf616101ff', { a: 1 }], ['d9d9f7a0', {}], ['d82001', 1],
    ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'], ['c11a514b67b0', '2013-03-21T20:04:00Z'], ['c1fb41d452d9ec200000', '2013-03-21T20:04:00.5Z'],
    ['d681420102', ['AQI=']],
  ])('%s', (bytes, value) => expect(any(bytes)).toEqual(value));

  test('long integers keep every digit', () => expect(JSON.stringify(any('821b7fffffffffffffff3b7fffffffffffffff'))).toBe('[9223372036854775807,-9223372036854775808]'));

  test.each([
    ['', 'EOF'],
    ['a1', 'unexpected EOF'],
    ['ff', 'cbor: unexpected "break" code'],
    ['a000', 'cbor: 1 bytes of extraneous data starting at index 1'],
    ['f7', 'cbor: data item of cbor type primitives is not accepted by protocol: simple value 23 is not recognized'],
    ['f97e00', 'cbor: data item of cbor type primitives is not accepted by protocol: floating-point NaN'],
    ['f97c00', 'cbor: data item of cbor type primitives is not accepted by protocol: floating-point infinity'],
    ['c24101', 'cbor: data item of cbor type tag is not accepted by protocol: bignum'],
    ['1bffffffffffffffff', "cbor: cannot unmarshal positive integer into Go value of type int64 (18446744073709551615 overflows Go's int64)"],
    ['a2416101416101', 'cbor: found duplicate map key "a" at map element index 1'],
    ['a10101', 'cbor: cannot unmarshal positive integer into Go value of type string'],
    ['61ff', 'cbor: invalid UTF-8 string'],
    ['5f6161ff', 'cbor: wrong element type UTF-8 text string for indefinite-length byte string'],
    ['bf6161ff', 'cbor: unexpected "break" code'],
    ['81'.repeat(1001) + '00', 'cbor: exceeded max nested level 1000'],
    ['9affffffff', 'unexpected EOF'],
  ])('refuses %s', (bytes, message) => expect(refusal(() => any(bytes))).toBe(message));
});

describe('bodies of a type', () => {
  const decode = (value: unknown, fieldValidation: 'Strict' | 'Warn' | 'Ignore' = 'Warn') =>
    decodeObject(value instanceof Uint8Array ? value : encodeByOther(value), { contentType: 'application/cbor', type: 'core.v1.ConfigMap', fieldValidation, cbor: true });
  const map = (more: object): object => ({ apiVersion: 'v1', kind: 'ConfigMap', ...more });
  const unread = 'the object provided is unrecognized (must be of type ConfigMap): unable to determine group/version/kind: ';
  const handled = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: ';

  test('bytes are base64 without a tag, and themselves under one', () => {
    const plain = decode(map({ metadata: { name: 'a' }, binaryData: { b: new Uint8Array(Buffer.from('AQI=')) } })).object;
    const tagged = decode(Buffer.concat([hex('a1 4a'), Buffer.from('binaryData'), hex('a1 4162 d6 420102')])).object;
    expect([plain.binaryData, tagged.binaryData]).toEqual([{ b: 'AQI=' }, { b: 'AQI=' }]);
  });

  test.each<[unknown, string]>([
    [hex(''), `${unread}EOF (<empty>)`],
    [hex('80'), `${unread}cbor: cannot unmarshal array into Go value of type v1.TypeMeta (cannot decode CBOR array to struct without toarray option) (80)`],
    [hex('4161'), `${unread}cbor: cannot unmarshal byte string into Go value of type v1.TypeMeta (4161)`],
    [hex('a2416101416101'), `${unread}cbor: found duplicate map key "a" at map element index 1 (a2416101416101)`],
    [{ kind: 5, apiVersion: 'v1' }, `${unread}cbor: cannot unmarshal positive integer into Go struct field v1.TypeMeta.kind of type string (a2646b696e64056a61706956657273696f6e627631)`],
    [map({ data: 5 }), `${handled}cbor: cannot unmarshal positive integer into Go struct field v1.ConfigMap.data of type map[string]string`],
    [map({ metadata: { name: 5 } }), `${handled}cbor: cannot unmarshal positive integer into Go struct field v1.ConfigMap.metadata of type string`],
    [map({ metadata: 'x' }), `${handled}cbor: cannot unmarshal UTF-8 text string into Go struct field v1.ConfigMap.metadata of type v1.ObjectMeta`],
    [map({ metadata: { generation: 1.5 } }), `${handled}cbor: cannot unmarshal primitives into Go struct field v1.ConfigMap.metadata of type int64`],
    [map({ binaryData: { a: '!!' } }), `${handled}cbor: cannot unmarshal UTF-8 text string into Go struct field v1.ConfigMap.binaryData of type []uint8`],
    [map({ metadata: { creationTimestamp: 'x' } }), `${handled}parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`],
  ])('refusal %#', (body, message) => {
    const error = (() => {
      try {
        return decode(body);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({ code: 400, message });
  });

  test('unknown fields: the first of the outermost map, as a warning or a refusal', () => {
    const body = map({ metadata: { name: 'q', zoo: 1 }, foo: 5 });
    expect(decode(body).warnings).toEqual(['cbor: found unknown field at map element index 0']);
    expect(decode(body, 'Ignore').warnings).toEqual([]);
    expect(refusal(() => decode(body, 'Strict'))).toBe(`${handled}strict decoding error: cbor: found unknown field at map element index 0`);
  });

  test('null is an empty object; CBOR is unknown without the feature', () => {
    expect(decode(hex('f6')).object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: {} });
    expect(refusal(() => decodeObject(hex('a0'), { contentType: 'application/cbor', type: 'core.v1.ConfigMap' }))).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  });
});

test('what is written reads the same to another implementation', () => {
  const object: KubeObject = { kind: 'X', apiVersion: 'g/v1', metadata: { name: 'ä€😀' }, spec: { list: [1, -5, 1.5, 0.1, 2 ** 40, true, null, 'text'], empty: {}, none: [] } };
  const text = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString();
    if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [text(key), text(item)]));
    return Array.isArray(value) ? value.map(text) : value;
  };
  const bytes = encodeCbor(undefined, object);
  const read: unknown = decodeByOther(bytes, { useMaps: true, tags: { 55_799: (decodeContent: () => unknown) => decodeContent() } as never });
  expect(text(read)).toEqual(object);
  expect(atOnce(decodingAnyCbor(bytes, limits))).toEqual(object);
});
