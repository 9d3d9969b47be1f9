// Programs: limits, interruption, answers that arrive later, containers, declared functions, object literals.
import { describe, expect, it } from 'vitest';
import {
  CelError, Pending, ProgramError, formatValue, intType, isError, jsonValue, listType, mapType, newEnvironment, objectType, opaqueType, stringType, dynType,
  type CelOpaque, type CelResult, type Environment, type EnvironmentOptions, type EvaluateOptions, type Evaluated,
} from '../index.ts';

function run(environment: Environment, text: string, variables: Record<string, CelResult> = {}, options?: EvaluateOptions): Evaluated {
  const { ast, issues } = environment.compile(text);
  if (ast === undefined) throw new Error(issues.toString());
  return environment.program(ast).evaluate({ find: (name) => variables[name] }, options);
}

const listed: EnvironmentOptions = { variables: { l: listType(intType), m: mapType(stringType, dynType) }, program: { trackCost: true, costLimit: 1000 } };

describe('limits', () => {
  const numbers = jsonValue(Array.from({ length: 1000 }, (_, i) => i));

  it('ends at the cost limit', () => {
    const { value, cost, cancelled } = run(newEnvironment(listed), 'l.all(x, x >= 0)', { l: numbers });
    expect([formatValue(value), cancelled]).toEqual(['operation cancelled: actual cost limit exceeded', 'cost']);
    expect(cost).toBe(1001);
  });

  it('takes what is left of a budget instead of its own limit', () => {
    expect(run(newEnvironment(listed), 'l.size() + 1', { l: numbers }, { costLimit: 3 }).cost).toBe(3);
    expect(run(newEnvironment(listed), 'l.size() + 1', { l: numbers }, { costLimit: 2 }).cancelled).toBe('cost');
  });

  it('stops when interrupted, asking every hundred steps', () => {
    let asked = 0;
    const environment = newEnvironment({ ...listed, program: {} });
    const { value, cancelled, cost } = run(environment, 'l.map(x, x).size()', { l: numbers }, { interrupted: () => ++asked === 3 });
    expect([formatValue(value), cancelled, cost, asked]).toEqual(['operation interrupted', 'interrupted', undefined, 3]);
  });

  it('does not slow down with what a fold has collected', () => {
    const many = jsonValue(Array.from({ length: 20_000 }, (_, i) => i));
    const environment = newEnvironment({ ...listed, program: {} });
    expect(formatValue(run(environment, 'l.map(x, x).filter(x, x % 2 == 0).size()', { l: many }).value)).toBe('10000');
  });
});

describe('answers that arrive later', () => {
  it('evaluates again once they are there', async () => {
    const answers = new Map<string, string>();
    const ask = (question: string): CelResult => {
      const answer = answers.get(question);
      if (answer !== undefined) return answer;
      throw new Pending(Promise.resolve().then(() => answers.set(question, `${question}!`)));
    };
    const environment = newEnvironment({
      functions: [{ name: 'ask', overloads: [{ id: 'ask_string', params: [stringType], result: stringType, call: (question) => (typeof question === 'string' ? ask(question) : new CelError('no')) }] }],
    });
    const { ast } = environment.compile("ask('a') + ask('b')");
    if (ast === undefined) throw new Error('ask is declared');
    const { value } = await environment.program(ast).evaluateAsync({ find: () => undefined });
    expect(value).toBe('a!b!');
  });
});

describe('declarations', () => {
  it('finds names from the innermost container outwards', () => {
    const environment = newEnvironment({ container: 'a.b', variables: { 'a.b.x': intType, 'a.x': stringType, x: intType, 'a.y': intType, z: intType } });
    const values = { 'a.b.x': 1n, 'a.x': 'outer', x: 3n, 'a.y': 4n, z: 5n };
    expect(formatValue(run(environment, '[x, y, z, .x]', values).value)).toBe('[1, 4, 5, 3]');
    expect(environment.compile('nope').issues?.toString()).toContain("undeclared reference to 'nope' (in container 'a.b')");
  });

  it('chooses an overload by the arguments it gets', () => {
    const environment = newEnvironment({
      variables: { d: dynType },
      functions: [{
        name: 'kind',
        overloads: [
          { id: 'kind_int', params: [intType], result: stringType, call: () => 'int' },
          { id: 'kind_ints', params: [listType(intType)], result: stringType, call: () => 'ints' },
          { id: 'kind_texts', params: [listType(stringType)], result: stringType, call: () => 'texts' },
        ],
      }],
    });
    const kinds = [1n, jsonValue([1]), jsonValue(['a']), 'a'].map((d) => formatValue(run(environment, 'kind(d)', { d }).value));
    expect(kinds).toEqual(['"int"', '"ints"', '"texts"', 'no such overload: kind(string)']);
  });

  it('adds overloads to functions that exist', () => {
    const money = opaqueType('money');
    const cents = (amount: bigint): CelOpaque & { amount: bigint } => ({
      is: 'opaque', type: money, amount, equals: (other) => typeof other === 'object' && other !== null && 'amount' in other && other.amount === amount,
    });
    const environment = newEnvironment({
      types: [money],
      functions: [
        { name: 'money', overloads: [{ id: 'int_to_money', params: [intType], result: money, call: (amount) => cents(typeof amount === 'bigint' ? amount : 0n) }] },
        { name: 'size', overloads: [{ id: 'size_money', params: [money], result: intType, call: () => 1n }] },
      ],
    });
    expect(formatValue(run(environment, "[money(1) == money(1), money(1) == money(2), type(money(1)) == money, 'abc'.size() == 3, size(money(1)) == 1, size(dyn(money(1))) == 1]").value)).toBe('[true, false, true, true, true, true]');
  });

  it('makes objects where a provider can', () => {
    const point = objectType('demo.Point');
    const environment = newEnvironment({
      optionalTypes: true,
      provider: {
        findType: (name) => (name === 'demo.Point' ? point : undefined),
        fieldNames: () => ['x', 'y'],
        findField: (_type, field) => (field === 'x' || field === 'y' ? intType : undefined),
        make: (_type, fields) => jsonValue(Object.fromEntries([...fields].map(([name, value]) => [name, Number(value)]))),
      },
      program: { trackCost: true },
    });
    const { value, cost } = run(environment, 'demo.Point{x: 1, ?y: optional.none()}');
    expect([formatValue(value), cost]).toEqual(['{"x": 1}', 41]);
    expect(formatValue(run(environment, 'demo.Point{x: 1}.x + 1').value)).toBe('2');
    const problems = environment.compile("demo.Point{z: 1, x: 'a'}").issues?.list.map((issue) => issue.message);
    expect(problems).toEqual(["undefined field 'z'", "expected type of field 'x' is 'int' but provided type is 'string'"]);
  });

  it('refuses a program whose constants fail', () => {
    const environment = newEnvironment();
    const { ast } = environment.compile("int('x') == 1");
    if (ast === undefined) throw new Error('it compiles');
    expect(() => environment.program(ast)).toThrow(ProgramError);
  });

  it('lets a variable be an error', () => {
    const { value } = run(newEnvironment({ variables: { v: intType } }), 'v == 1 || true', { v: new CelError('not yet') });
    expect(isError(value)).toBe(false);
    expect(formatValue(run(newEnvironment({ variables: { v: intType } }), 'v == 1', { v: new CelError('not yet') }).value)).toBe('not yet');
  });
});
