// A body whose spec came before is read as if it had not: the same object, warnings and errors.
import { expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom, type Random } from '#base/random.ts';
import { decodeObject, type FieldValidation } from './decode.ts';
import { knownSpecs, type KnownSpecs } from './known-specs.ts';
import { cloneJson, type JsonObject } from './patch/json-tree.ts';

const spec = '{"restartPolicy":"Never","containers":[{"name":"c","image":"i","args":["}\\"{","\\\\"],"ports":[{"containerPort":80}]}],"nodeSelector":{"spec":"x"}}';
const body = (name: string, its = spec): string => `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}","labels":{"spec":"{}"}},"spec":${its},"status":{"phase":"Pending"}}`;

const read = (text: string, specs: KnownSpecs | undefined, fieldValidation: FieldValidation = 'Strict'): string => {
  try {
    const { object, warnings, sent } = decodeObject(Buffer.from(text), { type: 'core.v1.Pod', fieldValidation, specs });
    sent?.keep?.(cloneJson(object['spec']) as JsonObject);
    return JSON.stringify({ object, warnings });
  } catch (error) {
    return String(error);
  }
};

test('a spec that came before is found, whatever stands before it', () => {
  const specs = knownSpecs();
  read(body('a'), specs);
  const found = specs.split(Buffer.from(body('another-name')), 'core.v1.Pod');
  expect(found?.rest.toString()).toBe(body('another-name', 'null'));
  expect(found?.spec).toMatchObject({ restartPolicy: 'Never', nodeSelector: { spec: 'x' } });
  expect(specs.split(Buffer.from(body('b')), 'core.v1.PodTemplate')).toBeUndefined();
});

test('what is made of one object is not seen by the next', () => {
  const specs = knownSpecs();
  const options = { type: 'core.v1.Pod', specs };
  read(body('a'), specs);
  const [one, two] = ['b', 'c'].map((name) => decodeObject(Buffer.from(body(name)), options).object['spec'] as { containers: unknown[] });
  one?.containers.push('changed');
  expect(two?.containers).toHaveLength(1);
  expect(decodeObject(Buffer.from(body('d')), options).object['spec']).toEqual(two);
});

test.each([
  ['the spec in an annotation instead', `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","annotations":{"x":${spec},"status":{"phase":"Pending"}}}}`],
  ['the spec in a text', `{"apiVersion":"v1","kind":"Pod","spec":null,"metadata":{"name":"a","annotations":{"x":"\\"spec\\":${spec},"status":{"phase":"Pending"}}`],
  ['another spec behind it', `{"spec":${spec},"spec":{"containers":[]}}`],
  ['another spec before it', `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"hostNetwork":true},"spec":${spec},"status":{"phase":"Pending"}}`],
  ['the key written otherwise', body('a').replace('"spec":{"r', '"\\u0073pec":{"r')],
  ['the key twice, once written otherwise', `{"\\u0073pec":{},"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":${spec},"status":{"phase":"Pending"}}`],
  ['a key that ends alike', body('a').replace('"spec":{"r', '"x\\"spec":{"r')],
  ['an unknown field beside it', body('a').replace('"status"', '"state"')],
  ['a duplicate in the metadata', body('a').replace('"name"', '"name":"b","name"')],
  ['one level too deep', `{"a":${body('a')}}`],
  ['in a list', `[${body('a')}]`],
  ['no comma before the status', body('a').replace(',"status"', '"status"')],
  ['another kind', body('a').replace('"Pod"', '"Service"')],
  ['no kind', body('a').replace('"kind":"Pod",', '')],
  ['another version', body('a').replace('"v1"', '"v2"')],
])('%s: read as ever', (_, text) => {
  for (const validation of ['Strict', 'Warn', 'Ignore'] as const) {
    const specs = knownSpecs();
    for (const first of [body('a'), `{"spec":${spec},"spec":${spec}}`, `{"spec":${spec}}`]) read(first, specs);
    expect(read(text, specs, validation)).toBe(read(text, undefined, validation));
  }
});

const pieces = ['"', '\\', '{', '}', '[', ']', ':', ',', ' ', '\n', '"spec"', '"spec":', 'null', spec, '"a":1,', '"spec":{},', '\\u0073'];

function damaged(text: string, random: Random): string {
  // Mostly around the ends of the spec.
  const ends = [text.indexOf(spec), text.indexOf(spec) + spec.length, randomInt(random, text.length)];
  const at = Math.max(0, (ends[randomInt(random, 3)] ?? 0) + randomInt(random, 14) - 9);
  return text.slice(0, at) + (pieces[randomInt(random, pieces.length)] ?? '') + text.slice(at + randomInt(random, 3));
}

test('damaged bodies are read as ever', () => {
  const seed = randomInt(systemRandom, 2 ** 30);
  const random = seededRandom(seed);
  const specs = knownSpecs();
  for (let i = 0; i < 4_000; i++) {
    let text = body(`n${i}`);
    for (let changes = randomInt(random, 4); changes > 0; changes--) text = damaged(text, random);
    expect(read(text, specs), `seed ${seed}: ${text}`).toBe(read(text, undefined));
  }
});
