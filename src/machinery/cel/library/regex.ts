// text.find(pattern) and text.findAll(pattern, limit) (upstream's kubernetes.regex), on RE2.
import type { RE2JS } from 're2js';
import type { FunctionDeclaration, Overload } from '../contract.ts';
import { oneUnit, plus, regexLengthFactor, scaled, stringTraversalFactor, times } from '../cost/estimate.ts';
import { intType, listType, stringType } from '../types/types.ts';
import { CelError } from '../types/values.ts';
import { actualSize, estimatedSize, patternCost, type Costs } from './costs.ts';
import { asInt, asText, declare, listOf, of2, of3 } from './declare.ts';
import { compilePattern, findAll, findFirst } from './parse/pattern.ts';

const cost: Costs = {
  estimateCost(estimator, target, [pattern]) {
    if (target === undefined || pattern === undefined) return undefined;
    const size = estimatedSize(estimator, target);
    const textCost = scaled(plus(size, oneUnit), stringTraversalFactor);
    return { cost: times(textCost, scaled(estimatedSize(estimator, pattern), regexLengthFactor)), resultSize: { min: 0, max: size.max } };
  },
  actualCost: ([text, pattern]) => patternCost(actualSize(text), actualSize(pattern)),
};

function compile(pattern: string): RE2JS {
  try {
    return compilePattern(pattern);
  } catch (error) {
    throw new Error(`Illegal regex: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** A constant pattern that cannot be compiled fails when the program is made. */
const prepare: Overload['prepare'] = ([, pattern]) => {
  if (typeof pattern !== 'string') return undefined;
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    return new CelError(error instanceof Error ? error.message : String(error));
  }
};

export const regexLibrary: readonly FunctionDeclaration[] = [
  declare('find', { id: 'string_find_string', params: [stringType, stringType], result: stringType, member: true, call: of2(asText, asText, (text, pattern) => findFirst(compile(pattern), text)), ...cost, prepare }),
  declare(
    'findAll',
    { id: 'string_find_all_string', params: [stringType, stringType], result: listType(stringType), member: true, call: of2(asText, asText, (text, pattern) => listOf(findAll(compile(pattern), text, -1))), ...cost, prepare },
    {
      id: 'string_find_all_string_int', params: [stringType, stringType, intType], result: listType(stringType), member: true, ...cost, prepare,
      call: of3(asText, asText, asInt, (text, pattern, limit) => listOf(findAll(compile(pattern), text, Number(limit)))),
    },
  ),
];
