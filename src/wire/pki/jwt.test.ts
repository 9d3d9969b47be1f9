// What is a token, and what only looks like one.
import { expect, test } from 'vitest';
import { parseJwt } from './jwt.ts';

const part = (text: string): string => Buffer.from(text).toString('base64url');
const tokenOf = (claims: string, header = '{"alg":"RS256","kid":"k"}'): string => `${part(header)}.${part(claims)}.${part('s')}`;
const nested = (depth: number): string => `{"iss":"i","a":${'['.repeat(depth)}${']'.repeat(depth)}}`;

test('claims nest as deep as in Go', () => {
  expect(parseJwt(tokenOf(nested(9_999)))?.claims.iss).toBe('i');
  expect(parseJwt(tokenOf(nested(10_000)))).toBeUndefined();
  expect(parseJwt(tokenOf('['.repeat(2_000_000)))).toBeUndefined();
  expect(parseJwt(tokenOf('{}', nested(10_000)))).toBeUndefined();
});

test('brackets in texts are no nesting', () => {
  for (const text of ['['.repeat(20_000), '\\"['.repeat(20_000), `${'{'.repeat(20_000)}\\\\`]) expect(parseJwt(tokenOf(`{"iss":"i","a":"${text}","b":[{}]}`))?.claims.iss).toBe('i');
});

test('a token has three parts', () => {
  expect(parseJwt(tokenOf('{}'))).toMatchObject({ header: { alg: 'RS256', kid: 'k' }, claims: {} });
  for (const token of ['', 'a', 'a.b', `${tokenOf('{}')}.`, 'a.'.repeat(1_000_000)]) expect(parseJwt(token)).toBeUndefined();
});
