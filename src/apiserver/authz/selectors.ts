// The label and field selectors of a request or a review as authorizers judge them (AuthorizeWithSelectors, KEP-4601).
// Texts that cannot be understood select nothing here: they only make a question broader, never narrower.
import { atOnce, isDue, parsingFieldSelector, parsingLabelSelector, type Pace, type Sliced } from '#machinery';
import type { Attributes, SelectorTerm } from '../contract.ts';

export interface Selected {
  readonly terms: readonly SelectorTerm[];
  readonly error?: string;
}

const labelOperators: Readonly<Record<string, string>> = { '=': 'In', '==': 'In', in: 'In', '!=': 'NotIn', notin: 'NotIn', exists: 'Exists', '!': 'DoesNotExist', gt: 'Gt', lt: 'Lt' };
const nothing: Selected = { terms: [] };

/** The terms of what is parsed, with pauses. */
function* termsOf<T extends object>(parsing: Sliced<readonly T[]>, termOf: (requirement: T) => SelectorTerm): Sliced<Selected> {
  const terms: SelectorTerm[] = [];
  const pace: Pace = { spent: 0 };
  try {
    for (const requirement of yield* parsing) {
      terms.push(termOf(requirement));
      if (isDue(pace)) yield;
    }
    return { terms };
  } catch (error) {
    return { terms: [], error: error instanceof Error ? error.message : String(error) };
  }
}

export function labelTerms(text: string): Sliced<Selected> {
  return termsOf(parsingLabelSelector(text), ({ key, operator, values }) => ({ key, operator: labelOperators[operator] ?? operator, values }));
}

export function fieldTerms(text: string): Sliced<Selected> {
  return termsOf(parsingFieldSelector(text), ({ field, operator, value }) => ({ key: field, operator: operator === '=' ? 'In' : 'NotIn', values: [value] }));
}

export function labelsSelected({ labelTerms: terms, labelSelector }: Attributes): Selected {
  if (terms !== undefined) return { terms };
  return labelSelector === undefined || labelSelector === '' ? nothing : atOnce(labelTerms(labelSelector));
}

export function fieldsSelected({ fieldTerms: terms, fieldSelector }: Attributes): Selected {
  if (terms !== undefined) return { terms };
  return fieldSelector === undefined || fieldSelector === '' ? nothing : atOnce(fieldTerms(fieldSelector));
}

/** Does the request ask only for objects whose field has this value? */
export function selectsField(attributes: Attributes, field: string, value: string): boolean {
  return fieldsSelected(attributes).terms.some((term) => term.key === field && term.operator === 'In' && term.values[0] === value);
}
