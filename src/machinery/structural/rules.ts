// The validation rules of a schema node (x-kubernetes-validations, KEP-2876) compiled against the node's type: programs,
// what they may cost at most, whether they look at the old value, and what is wrong with them, in upstream's words.
import type { ValidationRule } from '#api/apiextensions/v1.ts';
import {
  boolType, declaredString, declaredType, estimateKubernetesCost, kubernetesEnvironment, optionalType, perCallLimit, maxRequestBytes, sameType, stringType, typeProvider,
  type Ast, type CelType, type Declared, type Environment, type Program,
} from '../cel/index.ts';
import { findFieldPath } from './field-path.ts';
import type { Structural } from './schema.ts';

export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: Program | undefined;
  /** Why there is no program. */
  readonly problem: string | undefined;
  readonly usesOldSelf: boolean;
  readonly maxCost: number;
  /** How many such values a request can hold at most. */
  readonly maxCardinality: number;
  readonly message: Program | undefined;
  readonly messageProblem: string | undefined;
  readonly messageCost: number;
  /** Below the node: "spec.name"; '' without one. */
  readonly fieldPath: string;
}

/** The declared type of a node, for its rules; undefined when expressions must not see it. */
export function selfType(schema: Structural, isResource: boolean): Declared | undefined {
  return declaredType(schema, 'selfType', isResource);
}

/** Sizes of what is below `self`. */
function sizesOf(root: Declared): { estimateSize: Parameters<typeof estimateKubernetesCost>[2]['estimateSize'] } {
  return {
    estimateSize(node) {
      if (node.path.length === 0) return undefined;
      let at: Declared | undefined = root;
      for (const name of node.path.slice(1)) {
        if (name === '@items' || name === '@values') at = at?.element;
        else if (name === '@keys') at = at?.element === undefined ? undefined : declaredString;
        else at = at?.fields?.get(name)?.type;
        if (at === undefined) return undefined;
      }
      return at === undefined ? undefined : { min: 0, max: at.maxElements };
    },
  };
}

interface Compiling {
  readonly environment: Environment;
  readonly declared: Declared;
}

type Compiled = { readonly ast: Ast; readonly program: Program; readonly cost: number } | { readonly problem: string };

function compile({ environment, declared }: Compiling, text: string, wanted: CelType, words: { readonly failed: string; readonly type: string; readonly made: string; readonly cost: string }): Compiled {
  const compiled = environment.compile(text);
  if (compiled.ast === undefined) return { problem: `${words.failed}: ${compiled.issues.toString()}` };
  const { ast } = compiled;
  if (!sameType(ast.outputType, wanted)) return { problem: words.type };
  try {
    const program = environment.program(ast, { trackCost: true, costLimit: perCallLimit });
    return { ast, program, cost: estimateKubernetesCost(environment, ast, sizesOf(declared)).max };
  } catch (error) {
    return { problem: `${words.made}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const ruleWords = { failed: 'compilation failed', type: 'cel expression must evaluate to a bool', made: 'program instantiation failed', cost: 'cost estimation failed' };
const messageWords = { failed: 'messageExpression compilation failed', type: 'messageExpression must evaluate to a string', made: 'messageExpression instantiation failed', cost: 'cost estimation failed for messageExpression' };

/** Compiles the rules of one node. */
export function compileRules(schema: Structural, rules: readonly ValidationRule[], declared: Declared): CompiledRule[] {
  const provider = typeProvider([declared]);
  const made = new Map<boolean, Compiling>();
  const compiling = (optional: boolean): Compiling => {
    const known = made.get(optional);
    if (known !== undefined) return known;
    const variables = { self: declared.type, oldSelf: optional ? optionalType(declared.type) : declared.type };
    const fresh = { environment: kubernetesEnvironment().extend({ variables, provider }), declared };
    made.set(optional, fresh);
    return fresh;
  };
  const maxCardinality = Math.floor(maxRequestBytes / (declared.minSerializedSize + 1));
  return rules.map((rule) => compileRule(schema, rule, compiling(rule.optionalOldSelf === true), maxCardinality));
}

function compileRule(schema: Structural, rule: ValidationRule, compiling: Compiling, maxCardinality: number): CompiledRule {
  const nothing = { rule, program: undefined, problem: undefined, usesOldSelf: false, maxCost: 0, maxCardinality, message: undefined, messageProblem: undefined, messageCost: 0, fieldPath: '' };
  if (rule.rule.trim() === '') return nothing;
  const compiled = compile(compiling, rule.rule, boolType, ruleWords);
  if ('problem' in compiled) return { ...nothing, problem: compiled.problem };
  const own = { ...nothing, program: compiled.program, usesOldSelf: [...compiled.ast.references.values()].some(({ name }) => name === 'oldSelf'), maxCost: compiled.cost, fieldPath: fieldPathOf(schema, rule) };
  if ((rule.messageExpression ?? '') === '') return own;
  const message = compile(compiling, rule.messageExpression ?? '', stringType, messageWords);
  return 'problem' in message ? { ...own, messageProblem: message.problem, fieldPath: '' } : { ...own, message: message.program, messageCost: message.cost };
}

function fieldPathOf(schema: Structural, rule: ValidationRule): string {
  if ((rule.fieldPath ?? '') === '') return '';
  try {
    return findFieldPath(rule.fieldPath ?? '', schema, true).path;
  } catch {
    return '';
  }
}
