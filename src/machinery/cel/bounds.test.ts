// What hostile expressions and data can do: macros that double their text, names that JavaScript's objects inherit,
// integers that doubles cannot hold.
import { expect, it } from 'vitest';
import { parseJson } from '../json.ts';
import { compileRuleTree, parseStructural, runRules } from '../structural/index.ts';
import { kubernetesEnvironment, nodes } from './index.ts';

function failuresOf(rule: string, properties: object, json: string): string[] {
  const tree = compileRuleTree(parseStructural({ type: 'object', properties: { ...properties }, 'x-kubernetes-validations': [{ rule }] }), false);
  if (tree === undefined) throw new Error('the schema has a rule');
  return runRules(tree, { value: parseJson(json).value, old: undefined, correlation: undefined, warn: () => undefined }).map((error) => error.detail);
}

it('refuses an expression whose macros double their receiver without end, at once', () => {
  const text = `optional.of(1)${'.optMap(y, y)'.repeat(40)}.hasValue()`;
  const { issues } = kubernetesEnvironment().compile(text);
  expect(issues?.list.map(({ message }) => message)).toEqual(['expression size exceeds limit: 200000 nodes']);
});

it('visits parents first, in the order they are written, however deep the tree is', () => {
  const { ast } = kubernetesEnvironment().compile('[1 + 2, size("a")].size() == 2');
  if (ast === undefined) throw new Error('it compiles');
  expect([...nodes(ast.expr)].map((node) => (node.kind === 'call' ? node.function : node.kind === 'literal' ? String(node.value) : node.kind))).toEqual(
    ['_==_', 'size', 'list', '_+_', '1', '2', 'size', 'a', '2'],
  );
});

it('finds in maps what is there, and nothing that JavaScript adds', () => {
  const properties = { m: { type: 'object', additionalProperties: { type: 'string' } } };
  expect(failuresOf("!('__proto__' in self.m) && !('constructor' in self.m) && !('toString' in self.m) && self.m.size() == 0", properties, '{"m":{}}')).toEqual([]);
  expect(failuresOf("self.m['__proto__'] == 'x' && self.m.constructor == 'y' && self.m.all(k, self.m[k] != '')", properties, '{"m":{"__proto__":"x","constructor":"y"}}')).toEqual([]);
  expect(failuresOf("{'__proto__': 1}['__proto__'] == 1 && !('toString' in {'a': 1})", {}, '{}')).toEqual([]);
});

it('reads integers beyond 2^53 digit by digit', () => {
  const properties = { i: { type: 'integer', format: 'int64' } };
  expect(failuresOf('self.i == 9007199254740993 && string(self.i + 1) == "9007199254740994"', properties, '{"i":9007199254740993}')).toEqual([]);
  expect(failuresOf('self.i + 1 > 0', properties, '{"i":9223372036854775807}')).toEqual([expect.stringContaining('integer overflow')]);
});
