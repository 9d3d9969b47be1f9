// The values a schema allows, ready to be asked and told: a long enum met by a long list is looked up instead of
// searched, and its text, which every refusal carries, is made once.
import { goJson, notSupported } from '../field-errors.ts';
import { canonicalText } from './canonical-text.ts';

export interface Allowed {
  has(value: unknown): boolean;
  /** As the validator's message lists them. */
  readonly list: string;
  /** As the field error tells them. */
  readonly detail: string;
}

const made = new WeakMap<readonly unknown[], Allowed>();

/** The values of an `enum`, which must not change any more. */
export function allowedBy(values: readonly unknown[]): Allowed {
  let allowed = made.get(values);
  if (allowed === undefined) {
    const known = new Set(values.map(canonicalText));
    const texts = values.map((value) => (typeof value === 'string' ? value : goJson(value)));
    allowed = { has: (value) => known.has(canonicalText(value)), list: `[${texts.join(' ')}]`, detail: notSupported('', '', texts).detail };
    made.set(values, allowed);
  }
  return allowed;
}
