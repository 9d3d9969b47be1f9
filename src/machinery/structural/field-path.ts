// The simple paths by which rules and selectable fields name a field: .spec.name, ['quoted'].
import { child, key } from '../field-errors.ts';
import type { Structural } from './schema.ts';

export interface FoundPath {
  readonly path: string;
  readonly schema: Structural | undefined;
}

function tokensOf(text: string): string[] {
  return text.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]']+/g) ?? [];
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' };

function unquote(token: string): string {
  return token.slice(1, -1).replace(/\\(.)/g, (whole, letter: string) => {
    const character = escapes[letter];
    if (character === undefined) throw new Error(`invalid string literal: invalid escape char ${whole}`);
    return character;
  });
}

/** Follows a path through a schema. Throws an Error with upstream's text. */
export function findFieldPath(text: string, schema: Structural | undefined, allowsBrackets: boolean): FoundPath {
  let found: FoundPath = { path: '', schema };
  const tokens = tokensOf(text);
  const next = (): string => {
    const token = tokens.shift();
    if (token === undefined) throw new Error('unexpected end of JSON path');
    return token;
  };
  while (tokens.length > 0) {
    const token = next();
    if (token === '.') found = step(found, next());
    else if (token === '[') {
      if (!allowsBrackets) throw new Error('array notation is not allowed');
      const name = next();
      if (!/^'.*'$/s.test(name)) throw new Error(`expected single quoted string but got ${name}`);
      found = step(found, unquote(name));
      const end = next();
      if (end !== ']') throw new Error(`expected ] but got ${end}`);
    } else throw new Error(`expected [ or . but got: ${token}`);
  }
  return found;
}

function step({ path, schema }: FoundPath, name: string): FoundPath {
  const missing = 'does not refer to a valid field';
  if (schema?.properties !== undefined) {
    const property = schema.properties.get(name);
    if (property === undefined) throw new Error(missing);
    return { path: child(path, name), schema: property };
  }
  if (schema?.additional === undefined) throw new Error(missing);
  return { path: key(path, name), schema: typeof schema.additional === 'object' ? schema.additional : undefined };
}
