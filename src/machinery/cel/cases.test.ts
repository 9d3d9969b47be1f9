// Case tables, each row an expression with the type, value and cost it has, or the text it fails with. They cover the
// sections of the language's published conformance suite and cel-go's own texts, costs and limits.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bindMacro, extendedValidators, formatValue, isError, jsonValue, newEnvironment, ProgramError, type Environment } from './index.ts';
import { twoVariableFunctions, twoVariableMacros } from './library/two-variable-comprehensions.ts';
import { CelBytes, CelDuration, CelOptional, CelTimestamp, CelUint, type CelResult } from './types/values.ts';
import {
  boolType, bytesType, doubleType, durationType, dynType, intType, listType, mapType, nullType, optionalType, stringType, timestampType, typeString, uintType, type CelType,
} from './types/types.ts';

const object = {
  spec: { replicas: 3, name: 'web', list: [1, 2, 3], nested: { a: { b: 'c' } }, nul: null, f: 1.5 },
  items: [{ k: 'a', v: 1 }, { k: 'b', v: 2 }],
  flag: true,
};

const variables: Readonly<Record<string, readonly [CelType, CelResult?]>> = {
  i: [intType, 5n], u: [uintType, new CelUint(7n)], d: [doubleType, 2.5], s: [stringType, 'héllo'], b: [bytesType, new CelBytes(new TextEncoder().encode('abc'))],
  t: [boolType, true], l: [listType(intType), jsonValue([1, 2, 3])], ls: [listType(stringType), jsonValue(['x', 'y'])],
  m: [mapType(stringType, intType), jsonValue({ one: 1, two: 2 })], dy: [dynType, 'dyn'], n: [nullType, null],
  ts: [timestampType, new CelTimestamp(1234567890, 123456789)], du: [durationType, new CelDuration(3723_000_000_000n)],
  oi: [optionalType(intType), new CelOptional(4n)], o: [dynType, jsonValue(object)],
  mm: [mapType(stringType, mapType(stringType, stringType)), jsonValue({ k: { j: 'v' } })], 'a.b.c': [stringType, 'abc'], missing: [dynType],
};

const general = newEnvironment({
  optionalTypes: true, crossTypeNumericComparisons: true, macros: [bindMacro, ...twoVariableMacros], functions: twoVariableFunctions,
  variables: Object.fromEntries(Object.entries(variables).map(([name, [type]]) => [name, type])),
  program: { trackCost: true, costLimit: 1_000_000 },
});
const kubernetes = general.extend({ homogeneousLiterals: true, validators: extendedValidators, program: { presenceTestHasCost: false } });

type Row = readonly [expression: string, outcome: string, text: string, cost?: number];

function isTable(value: unknown): value is Record<string, Row[]> {
  return typeof value === 'object' && value !== null && Object.values(value).every((rows) => Array.isArray(rows));
}

function table(name: string): Record<string, Row[]> {
  const parsed: unknown = JSON.parse(readFileSync(new URL(`./testdata/${name}.json`, import.meta.url), 'utf8'));
  if (!isTable(parsed)) throw new Error(`testdata/${name}.json is no case table`);
  return parsed;
}

function outcomeOf(environment: Environment, expression: string): Row {
  const { ast, issues } = environment.compile(expression);
  if (ast === undefined) return [expression, 'issues', issues.toString()];
  try {
    const { value, cost } = environment.program(ast).evaluate({ find: (name) => variables[name]?.[1] });
    const costs: [cost?: number] = cost === undefined ? [] : [cost];
    return isError(value) ? [expression, 'error', value.message, ...costs] : [expression, typeString(ast.outputType), formatValue(value), ...costs];
  } catch (error) {
    if (error instanceof ProgramError) return [expression, 'program', error.message];
    throw error;
  }
}

for (const [name, environment] of [['conformance', general], ['language', general], ['kubernetes', kubernetes]] as const) {
  describe(name, () => {
    for (const [section, rows] of Object.entries(table(name))) {
      it(`${section} (${rows.length} cases)`, () => {
        expect(rows.map(([expression]) => outcomeOf(environment, expression))).toEqual(rows);
      });
    }
  });
}
