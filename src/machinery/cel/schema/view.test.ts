// Rules over JSON under a schema, as custom resources' validation rules see it: formats, lists with set and map
// semantics, escaped names, nullable and unknown fields, embedded resources.
import { describe, expect, it } from 'vitest';
import { parseStructural } from '../../structural/schema.ts';
import { RawNumber } from '../../json-number.ts';
import { extendedValidators, formatValue, isError, newEnvironment } from '../index.ts';
import { declaredType, typeProvider } from './declared.ts';
import type { SchemaNode } from './node.ts';
import { jsonOf, valueUnder } from './view.ts';

const schema: SchemaNode = parseStructural({
  type: 'object',
  properties: {
    int: { type: 'integer' }, real: { type: 'number' }, text: { type: 'string' }, flag: { type: 'boolean' },
    port: { 'x-kubernetes-int-or-string': true },
    since: { type: 'string', format: 'date-time' }, day: { type: 'string', format: 'date' }, wait: { type: 'string', format: 'duration' },
    data: { type: 'string', format: 'byte' },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    otherSet: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    list: { type: 'array', items: { type: 'integer' } },
    ports: {
      type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', properties: { name: { type: 'string' }, port: { type: 'integer' } } },
    },
    otherPorts: {
      type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', properties: { name: { type: 'string' }, port: { type: 'integer' } } },
    },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    'a-b.c/d': { type: 'string' }, 'x__y': { type: 'string' }, namespace: { type: 'string' },
    maybe: { type: 'string', nullable: true },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: { type: 'string' } } },
    sameFree: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: { type: 'string' } } },
    pod: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  },
});

const object = {
  apiVersion: 'v1', kind: 'Thing', metadata: { name: 'one', labels: { a: 'b' } },
  int: 3, real: 2, text: 'abc', flag: true, port: 'http', since: '2024-02-03T04:05:06Z', day: '2024-02-03', wait: '1h30m', data: 'aGk=',
  set: ['a', 'b'], otherSet: ['b', 'a'], list: [1, 2],
  ports: [{ name: 'x', port: 1 }, { name: 'y', port: 2 }], otherPorts: [{ name: 'y', port: 2 }, { name: 'x', port: 1 }],
  labels: { 'app.kubernetes.io/name': 'web' }, 'a-b.c/d': 'odd', x__y: 'under', namespace: 'ns', maybe: null,
  free: { known: 'k', unknown: { deep: 1 } }, sameFree: { unknown: { deep: 1 }, known: 'k' }, pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} }, extra: 1,
};

const declared = declaredType(schema, 'selfType1', true);
if (declared === undefined) throw new Error('an object schema is declared');
const environment = newEnvironment({
  optionalTypes: true, crossTypeNumericComparisons: true, validators: extendedValidators, provider: typeProvider([declared]), variables: { self: declared.type },
});

function evaluate(rule: string, json: unknown = object): string {
  const { ast, issues } = environment.compile(rule);
  if (ast === undefined) return issues.list.map((issue) => issue.message).join('; ');
  const self = valueUnder(schema, json, true);
  const { value } = environment.program(ast).evaluate({ find: (name) => (name === 'self' ? self : undefined) });
  return isError(value) ? `error: ${value.message}` : formatValue(value);
}

describe('values under a schema', () => {
  it.each([
    ['self.int + 1', '4'],
    ['self.real', '2.0'],
    ['self.real / 4.0', '0.5'],
    ["type(self.port) == string && self.port == 'http'", 'true'],
    ['self.since.getFullYear()', '2024'],
    ["self.day == timestamp('2024-02-03T00:00:00Z')", 'true'],
    ["self.wait == duration('90m')", 'true'],
    ["self.data == b'hi'", 'true'],
    ['self.metadata.name', '"one"'],
    ['self.kind', '"Thing"'],
    ["self.labels['app.kubernetes.io/name']", '"web"'],
    ["'app.kubernetes.io/name' in self.labels", 'true'],
    ['self.labels.all(key, self.labels[key].size() > 0)', 'true'],
    ['self.a__dash__b__dot__c__slash__d + self.x__underscores__y + self.__namespace__', '"oddunderns"'],
    ['has(self.maybe)', 'false'],
    ["self.maybe == 'x'", 'error: no such key: maybe'],
    ['has(self.text) && !has(self.flag) || self.flag', 'true'],
    ['self.pod.metadata.name', '"p"'],
    ['self.pod.kind', '"Pod"'],
    ['self.free.known', '"k"'],
    ['dyn(self.free) == dyn(self.sameFree)', 'true'],
  ])('%s is %s', (rule, expected) => {
    expect(evaluate(rule)).toBe(expected);
  });

  it.each([
    ['self.set == self.otherSet', 'true'],
    ["self.set + ['c', 'a'] == ['c', 'b', 'a']", 'true'],
    ["(self.set + ['c']).size()", '3'],
    ["['b', 'a'] == self.set", 'false'],
    ["'a' in self.set", 'true'],
    ['dyn(self.ports) == dyn(self.otherPorts)', 'true'],
    ['(dyn(self.ports) + dyn(self.otherPorts)).size()', '2'],
    ["self.ports.exists(p, p.name == 'y' && p.port == 2)", 'true'],
    ['self.ports.map(p, p.port)', '[1, 2]'],
    ['self.list == [1, 2]', 'true'],
    ['self.list == [2, 1]', 'false'],
    ['self.list + [3] == [1, 2, 3]', 'true'],
    ['self.list[2]', 'error: index out of bounds: 2'],
  ])('%s is %s', (rule, expected) => {
    expect(evaluate(rule)).toBe(expected);
  });

  it('does not declare what the schema does not', () => {
    expect(evaluate('self.extra')).toBe("undefined field 'extra'");
    expect(evaluate('self.free.unknown')).toBe("undefined field 'unknown'");
    expect(evaluate('self.metadata.labels')).toBe("undefined field 'labels'");
    expect(evaluate('self.namespace')).toBe("undefined field 'namespace'");
  });

  it('says what does not fit the schema', () => {
    expect(evaluate('self.int', { int: 'x' })).toBe('error: invalid data, expected int, got string');
    expect(evaluate('self.text', { text: 1 })).toBe('error: invalid data, expected string, got int64');
    expect(evaluate('self.list[0]', { list: [null] })).toBe('error: invalid data, got null for schema with nullable=false');
  });

  it('keeps 64-bit integers exact', () => {
    expect(evaluate('self.int - 1', { int: new RawNumber('9223372036854775807') })).toBe('9223372036854775806');
    expect(jsonOf(9223372036854775807n)).toEqual(new RawNumber('9223372036854775807'));
  });

  it('hands back the JSON behind a view without copying', () => {
    expect(jsonOf(valueUnder(schema, object))).toBe(object);
  });
});

describe('sizes for cost estimates', () => {
  const elements = (json: Parameters<typeof parseStructural>[0]) => declaredType(parseStructural(json), 't', false)?.maxElements;
  it.each([
    [{ type: 'array', items: { type: 'string' } }, 1048575],
    [{ type: 'array', items: { type: 'integer' } }, 1572863],
    [{ type: 'array', items: { type: 'boolean' } }, 629145],
    [{ type: 'array', items: { type: 'number' } }, 1572863],
    [{ type: 'array', items: { type: 'string', format: 'date-time' } }, 142987],
    [{ type: 'array', items: { type: 'object', required: ['field'], properties: { field: { type: 'string' } } } }, 224694],
    [{ type: 'object', additionalProperties: { type: 'string' } }, 393215],
    [{ type: 'object', additionalProperties: { type: 'string', format: 'date' } }, 174762],
    [{ type: 'array', items: { type: 'array', items: { type: 'string' } } }, 1048575],
    [{ type: 'string', maxLength: 10 }, 40],
    [{ type: 'string', format: 'byte', maxLength: 10 }, 10],
    [{ type: 'string', enum: ['a', 'four'] }, 4],
    [{ type: 'string' }, 3145726],
    [{ type: 'array', maxItems: 42, items: { type: 'string' } }, 42],
    [{ 'x-kubernetes-int-or-string': true }, 3145726],
  ])('%j holds at most %d', (json, expected) => {
    expect(elements(json)).toBe(expected);
  });
});
