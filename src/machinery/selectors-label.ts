// Label selectors, from their two spellings: the query text ("app in (a,b),!x,tier!=web") and the
// meta.v1.LabelSelector object. Semantics and messages follow apimachinery/pkg/labels. A matcher is built
// once per request or object and then asked for many label maps.
import type { LabelSelector as LabelSelectorObject } from '#api/meta/v1.ts';
import { goQuote } from './field-errors.ts';
import { checked, compareKeys, int64, type LabelOperator, type LabelRequirement } from './label-requirement.ts';
import { parsingLabelSelector } from './selectors-parse.ts';
import { atOnce } from './slices.ts';

export type { LabelRequirement };

export type Labels = Readonly<Record<string, string>>;

export interface LabelMatcher {
  readonly requirements: readonly LabelRequirement[];
  /** Restricts nothing. */
  readonly empty: boolean;
  matches(labels: Labels | undefined): boolean;
  /** The canonical query text. */
  toString(): string;
}

const noLabels: Labels = {};

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
  return matcherOf(Object.entries(labels).map(([key, value]): LabelRequirement => ({ key, operator: '=', values: [value] })).sort(compareKeys));
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
  return requirements.length === 0 ? everything : matcherOf(requirements.sort(compareKeys));
}

/** The matcher of a query text; an empty text matches everything. Throws an Error with upstream's text. */
export function parseLabelSelector(text: string): LabelMatcher {
  const requirements = atOnce(parsingLabelSelector(text));
  return requirements.length === 0 ? everything : matcherOf(requirements);
}
