// Field selectors ("spec.nodeName=a,status.phase!=Failed"). Which fields a resource offers is the registry's
// matter; this file knows the syntax, its escapes (`\,` `\=` `\\`) and matching (apimachinery/pkg/fields).
import { compareTexts, sortedAtOnce, sorting } from './sliced-sort.ts';
import { atOnce, isDue, type Pace, type Sliced } from './slices.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

export interface FieldMatcher {
  readonly requirements: readonly FieldRequirement[];
  readonly empty: boolean;
  /** `get` answers a field's value; undefined counts as empty. */
  matches(get: (field: string) => string | undefined): boolean;
  /** The value that the field must equal, if the selector says so. */
  exact(field: string): string | undefined;
  toString(): string;
}

/** Parses a field selector; an empty text matches everything. Throws an Error with upstream's text. */
export function parseFieldSelector(text: string): FieldMatcher {
  const requirements = atOnce(parsingFieldSelector(text));
  return {
    requirements,
    empty: requirements.length === 0,
    matches: (get) => requirements.every((r) => ((get(r.field) ?? '') === r.value) === (r.operator === '=')),
    exact: (field) => requirements.find((r) => r.field === field && r.operator === '=')?.value,
    toString: () => requirements.map((r) => `${r.field}${r.operator}${r.value.replace(/[\\,=]/g, '\\$&')}`).join(','),
  };
}

/** What a field selector requires, in order; read with pauses. Throws an Error with upstream's text. */
export function* parsingFieldSelector(text: string): Sliced<FieldRequirement[]> {
  const pace: Pace = { spent: 0 };
  const requirements: FieldRequirement[] = [];
  const terms = splitTerms(text);
  for (const term of terms.length > sortedAtOnce ? yield* sorting(terms, compareTexts) : terms.sort()) {
    if (term === '') continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw new Error(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    requirements.push({ field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) });
    if (isDue(pace, match)) yield;
  }
  return requirements;
}

/** Splits at commas that are not escaped; the escapes stay. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeValue(text: string): string {
  if (!/[\\,=]/.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '\\') {
      const next = text.charAt(++i);
      if (next === '' || !'\\,='.includes(next)) throw new Error(`invalid field selector: invalid escape sequence: \\${next}`);
      out += next;
    } else if (c === ',' || c === '=') {
      throw new Error(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    } else {
      out += c;
    }
  }
  return out;
}
