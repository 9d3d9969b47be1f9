// Continue tokens: what was made is read back, and each sort of garbage is refused in upstream's words.
import { expect, test } from 'vitest';
import { decodeContinue, encodeContinue } from './continue-token.ts';

const encoded = (text: string): string => Buffer.from(text).toString('base64url');

test('what was encoded is read back', () => {
  expect(decodeContinue(encodeContinue({ revision: 7, start: 'default/a\0' }))).toEqual({ revision: 7, start: 'default/a\0' });
});

test.each([
  ['!!', 'illegal base64 data at input byte 0'],
  ['abcd=', 'illegal base64 data at input byte 4'],
  ['abcde', 'illegal base64 data at input byte 4'],
  ['', 'unexpected end of JSON input'],
  [encoded('nope'), "invalid character 'o' in literal null (expecting 'u')"],
  [encoded('"x"'), 'json: cannot unmarshal string into Go value of type storage.continueToken'],
  [encoded('{"v":"meta.k8s.io/v1","rv":"1","start":"a"}'), 'json: cannot unmarshal string into Go struct field continueToken.rv of type int64'],
  [encoded('{"rv":1,"start":"a"}'), 'server does not recognize this encoded version '],
  [encoded('{"v":"meta.k8s.io/v1","start":"a"}'), 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
  [encoded('{"v":"meta.k8s.io/v1","rv":1}'), 'encoded start key empty (version meta.k8s.io/v1)'],
  [encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"../a"}'), '../a'],
])('%j: %s', (token, reason) => {
  expect(() => decodeContinue(token)).toThrow(expect.objectContaining({ message: `invalid continue token: continue key is not valid: ${reason}` }));
});
