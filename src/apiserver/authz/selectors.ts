// The label and field selectors of a request or a review as authorizers judge them (AuthorizeWithSelectors, KEP-4601).
// Texts that cannot be understood select nothing here: they only make a question broader, never narrower.
import { parseFieldSelector, parseLabelSelector } from '#machinery';
import type { Attributes, SelectorTerm } from '../contract.ts';

export interface Selected {
  readonly terms: readonly SelectorTerm[];
  readonly error?: string;
}

const labelOperators: Readonly<Record<string, string>> = { '=': 'In', '==': 'In', in: 'In', '!=': 'NotIn', notin: 'NotIn', exists: 'Exists', '!': 'DoesNotExist', gt: 'Gt', lt: 'Lt' };
const nothing: Selected = { terms: [] };

function parsing(parse: () => SelectorTerm[]): Selected {
  try {
    return { terms: parse() };
  } catch (error) {
    return { terms: [], error: error instanceof Error ? error.message : String(error) };
  }
}

export function labelTerms(text: string): Selected {
  return parsing(() => parseLabelSelector(text).requirements.map(({ key, operator, values }) => ({ key, operator: labelOperators[operator] ?? operator, values })));
}

export function fieldTerms(text: string): Selected {
  return parsing(() => parseFieldSelector(text).requirements.map(({ field, operator, value }) => ({ key: field, operator: operator === '=' ? 'In' : 'NotIn', values: [value] })));
}

export function labelsSelected({ labelTerms: terms, labelSelector }: Attributes): Selected {
  if (terms !== undefined) return { terms };
  return labelSelector === undefined || labelSelector === '' ? nothing : labelTerms(labelSelector);
}

export function fieldsSelected({ fieldTerms: terms, fieldSelector }: Attributes): Selected {
  if (terms !== undefined) return { terms };
  return fieldSelector === undefined || fieldSelector === '' ? nothing : fieldTerms(fieldSelector);
}

/** Does the request ask only for objects whose field has this value? */
export function selectsField(attributes: Attributes, field: string, value: string): boolean {
  return fieldsSelected(attributes).terms.some((term) => term.key === field && term.operator === 'In' && term.values[0] === value);
}
