// Label selectors, from their two spellings: the query text ("app in (a,b),!x,tier!=web") and the
// meta.v1.LabelSelector object. Semantics and messages follow apimachinery/pkg/labels. A matcher is built
// once per request or object and then asked for many label maps.
import type { LabelSelector as LabelSelectorObject } from '#api/meta/v1.ts';
import { errorText, goQuote, invalidValue, type FieldError } from './field-errors.ts';
import { labelKeyErrors, labelValueErrors } from './label-syntax.ts';
import { scanSelector, type Token } from './selectors-scan.ts';

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

export interface LabelMatcher {
  readonly requirements: readonly LabelRequirement[];
  /** Restricts nothing. */
  readonly empty: boolean;
  matches(labels: Labels | undefined): boolean;
  /** The canonical query text. */
  toString(): string;
}

const integer = /^[+-]?\d+$/;
const noLabels: Labels = {};

function int64(text: string): bigint | undefined {
  if (!integer.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function requirementMatches(r: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, r.key) ? labels[r.key] : undefined;
  switch (r.operator) {
    case '=':
    case '==':
      return value !== undefined && value === r.values[0];
    case 'in':
      return value !== undefined && r.values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !r.values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      const have = value === undefined ? undefined : int64(value);
      const want = int64(r.values[0] ?? '');
      if (have === undefined || want === undefined) return false;
      return r.operator === 'gt' ? have > want : have < want;
    }
  }
}

function requirementText(r: LabelRequirement): string {
  const values = [...r.values].sort().join(',');
  switch (r.operator) {
    case 'exists':
      return r.key;
    case '!':
      return `!${r.key}`;
    case 'in':
    case 'notin':
      return `${r.key} ${r.operator} (${values})`;
    case 'gt':
      return `${r.key}>${values}`;
    case 'lt':
      return `${r.key}<${values}`;
    default:
      return `${r.key}${r.operator}${values}`;
  }
}

/** Beyond this, requirements are looked up by the labels that an object has instead of being asked one by one. */
const mostAsked = 8;

const allowsAbsence: ReadonlySet<LabelOperator> = new Set(['!=', 'notin', '!']);

/** What thousands of requirements cost an object depends on its own few labels. */
function byKey(requirements: readonly LabelRequirement[]): (labels: Labels) => boolean {
  const ofKey = new Map<string, LabelRequirement[]>();
  const needed = new Set<string>();
  for (const requirement of requirements) {
    const { key } = requirement;
    const known = ofKey.get(key);
    if (known === undefined) ofKey.set(key, [requirement]);
    else known.push(requirement);
    if (!allowsAbsence.has(requirement.operator)) needed.add(key);
  }
  return (labels) => {
    for (const key of needed) if (!Object.hasOwn(labels, key)) return false;
    return Object.keys(labels).every((key) => ofKey.get(key)?.every((requirement) => requirementMatches(requirement, labels)) ?? true);
  };
}

function matcherOf(requirements: readonly LabelRequirement[], nothing = false): LabelMatcher {
  const all = requirements.length > mostAsked ? byKey(requirements) : (labels: Labels) => requirements.every((r) => requirementMatches(r, labels));
  return {
    requirements,
    empty: !nothing && requirements.length === 0,
    matches: (labels = noLabels) => !nothing && all(labels),
    toString: () => requirements.map(requirementText).join(','),
  };
}

/** Matches everything. */
export const everything: LabelMatcher = matcherOf([]);
/** Matches nothing. */
export const nothing: LabelMatcher = matcherOf([], true);

/** A selector that wants exactly these labels. */
export function selectorFromLabels(labels: Labels): LabelMatcher {
  return matcherOf(sortByKey(Object.entries(labels).map(([key, value]) => ({ key, operator: '=', values: [value] }))));
}

function sortByKey(requirements: LabelRequirement[]): LabelRequirement[] {
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Checks a requirement; throws an Error with upstream's text. */
function checked(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const errors: FieldError[] = [];
  const keyErrors = labelKeyErrors(key);
  if (keyErrors.length > 0) errors.push(invalidValue('key', key, keyErrors.join('; ')));
  const set = operator === 'in' || operator === 'notin';
  if (set && values.length === 0) errors.push(invalidValue('values', values, "for 'in', 'notin' operators, values set can't be empty"));
  if ((operator === 'exists' || operator === '!') && values.length > 0) {
    errors.push(invalidValue('values', values, 'values set must be empty for exists and does not exist'));
  }
  if (operator === 'gt' || operator === 'lt') {
    if (values.length !== 1) errors.push(invalidValue('values', values, "for 'Gt', 'Lt' operators, exactly one value is required"));
    values.forEach((value, i) => {
      if (int64(value) === undefined) errors.push(invalidValue(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
    });
  }
  values.forEach((value, i) => {
    const wrong = labelValueErrors(value);
    if (wrong.length > 0) errors.push(invalidValue(`values[${i}][${key}]`, value, wrong.join('; ')));
  });
  if (errors.length === 1) throw new Error(errorText(errors[0] as FieldError));
  if (errors.length > 1) throw new Error(`[${errors.map(errorText).join(', ')}]`);
  return { key, operator, values };
}

const objectOperators: Readonly<Record<string, LabelOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/**
 * The matcher of a meta.v1.LabelSelector. undefined matches nothing, an empty one everything, as upstream.
 * Throws an Error with upstream's text for an invalid one.
 */
export function selectorFromObject(selector: LabelSelectorObject | undefined | null): LabelMatcher {
  if (selector === undefined || selector === null) return nothing;
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => checked(key, '=', [value]));
  for (const expression of selector.matchExpressions ?? []) {
    const operator = objectOperators[expression.operator];
    if (operator === undefined) throw new Error(`${goQuote(expression.operator)} is not a valid label selector operator`);
    requirements.push(checked(expression.key, operator, expression.values ?? []));
  }
  return requirements.length === 0 ? everything : matcherOf(sortByKey(requirements));
}

/** The matcher of a query text; an empty text matches everything. Throws an Error with upstream's text. */
export function parseLabelSelector(text: string): LabelMatcher {
  const requirements = new SelectorParser(scanSelector(text)).parse();
  return requirements.length === 0 ? everything : matcherOf(sortByKey(requirements));
}

const binary: Readonly<Record<string, LabelOperator>> = {
  '=': '=', '==': '==', '!=': '!=', '>': 'gt', '<': 'lt', in: 'in', notin: 'notin',
};

/** Recursive descent over the tokens of a query text. */
class SelectorParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** `in` and `notin` are plain identifiers except where an operator is expected. */
  #look(): Token {
    const token = this.#tokens[this.#at] ?? { kind: 'end', text: '' };
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  }

  #take(): Token {
    const token = this.#look();
    this.#at++;
    return token;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#look();
      if (token.kind === 'end') return requirements;
      if (token.kind !== 'identifier' && token.kind !== '!') throw new Error(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      try {
        requirements.push(this.#requirement());
      } catch (error) {
        throw new Error(`unable to parse requirement: ${error instanceof Error ? error.message : String(error)}`);
      }
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw new Error(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#look();
      if (after.kind !== 'identifier' && after.kind !== '!') throw new Error(`found '${after.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#take();
    const negated = token.kind === '!';
    if (negated) token = this.#take();
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const wrong = labelKeyErrors(key);
    if (wrong.length > 0) throw new Error(errorText(invalidValue('<nil>', key, wrong.join('; '))));
    const next = this.#look().kind;
    if (negated || next === 'end' || next === ',') return checked(key, negated ? '!' : 'exists', []);
    const operatorToken = this.#tokens[this.#at++] ?? { kind: 'end', text: '' };
    const operator = binary[operatorToken.kind];
    if (operator === undefined) throw new Error(`found '${operatorToken.text}', expected: in, notin, =, ==, !=, gt, lt`);
    return checked(key, operator, operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()]);
  }

  #exactValue(): string {
    const kind = this.#look().kind;
    if (kind === 'end' || kind === ',') return '';
    const token = this.#take();
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): string[] {
    const open = this.#take();
    if (open.kind !== '(') throw new Error(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    if (this.#look().kind === ')') {
      this.#take();
      return [''];
    }
    let wantsValue = true;
    for (;;) {
      const token = this.#take();
      if (token.kind === 'identifier' && wantsValue) {
        values.add(token.text);
        wantsValue = false;
      } else if (token.kind === ',') {
        if (wantsValue) values.add('');
        wantsValue = true;
      } else if (token.kind === ')') {
        if (wantsValue) values.add('');
        return [...values].sort();
      } else {
        throw new Error(`found '${token.text}', expected: ',', ${wantsValue ? "or identifier" : "or ')'"}`);
      }
    }
  }
}
