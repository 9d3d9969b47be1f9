// The query text of a label selector, read with pauses: one of megabytes, as an access review may ask with, has a million
// requirements.
import { errorText, invalidValue } from './field-errors.ts';
import { checked, checking, compareKeys, type LabelOperator, type LabelRequirement } from './label-requirement.ts';
import { labelKeyErrors } from './label-syntax.ts';
import { scanSelector, type Token } from './selectors-scan.ts';
import { compareTexts, sortedAtOnce, sorting } from './sliced-sort.ts';
import { isDue, type Pace, type Sliced } from './slices.ts';

const noValues: readonly string[] = [];

/** What a query text requires, in order; read with pauses. Throws an Error with upstream's text. */
export function* parsingLabelSelector(text: string): Sliced<LabelRequirement[]> {
  const requirements = yield* new SelectorParser(text).parsing();
  return requirements.length > sortedAtOnce ? yield* sorting(requirements, compareKeys) : requirements.sort(compareKeys);
}

const binary: Readonly<Record<string, LabelOperator>> = {
  '=': '=', '==': '==', '!=': '!=', '>': 'gt', '<': 'lt', in: 'in', notin: 'notin',
};

interface Begun {
  readonly key: string;
  readonly operator: LabelOperator;
  /** undefined: in brackets, still to be read. */
  readonly values: readonly string[] | undefined;
}

/** Recursive descent over the tokens of a query text. */
class SelectorParser {
  readonly #next: () => Token;
  readonly #pace: Pace = { spent: 0 };
  #ahead: Token;

  constructor(text: string) {
    this.#next = scanSelector(text);
    this.#ahead = this.#next();
  }

  /** `in` and `notin` are plain identifiers except where an operator is expected. */
  #look(): Token {
    const token = this.#ahead;
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  }

  #take(): Token {
    const token = this.#look();
    this.#ahead = this.#next();
    return token;
  }

  *parsing(): Sliced<LabelRequirement[]> {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#look();
      if (token.kind === 'end') return requirements;
      if (token.kind !== 'identifier' && token.kind !== '!') throw new Error(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      try {
        const { key, operator, values = yield* this.#values() } = this.#begun();
        requirements.push(values.length > sortedAtOnce ? yield* checking(key, operator, values, this.#pace) : checked(key, operator, values));
      } catch (error) {
        throw new Error(`unable to parse requirement: ${error instanceof Error ? error.message : String(error)}`);
      }
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw new Error(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#look();
      if (after.kind !== 'identifier' && after.kind !== '!') throw new Error(`found '${after.text}', expected: identifier after ','`);
      if (isDue(this.#pace, token)) yield;
    }
  }

  /** A requirement up to its values in brackets. */
  #begun(): Begun {
    let token = this.#take();
    const negated = token.kind === '!';
    if (negated) token = this.#take();
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const wrong = labelKeyErrors(key);
    if (wrong.length > 0) throw new Error(errorText(invalidValue('<nil>', key, wrong.join('; '))));
    const next = this.#look().kind;
    if (negated || next === 'end' || next === ',') return { key, operator: negated ? '!' : 'exists', values: noValues };
    const operatorToken = this.#ahead;
    this.#ahead = this.#next();
    const operator = binary[operatorToken.kind];
    if (operator === undefined) throw new Error(`found '${operatorToken.text}', expected: in, notin, =, ==, !=, gt, lt`);
    return { key, operator, values: operator === 'in' || operator === 'notin' ? undefined : [this.#exactValue()] };
  }

  #exactValue(): string {
    const kind = this.#look().kind;
    if (kind === 'end' || kind === ',') return '';
    const token = this.#take();
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  *#values(): Sliced<string[]> {
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
        return values.size > sortedAtOnce ? yield* sorting([...values], compareTexts) : [...values].sort();
      } else {
        throw new Error(`found '${token.text}', expected: ',', ${wantsValue ? "or identifier" : "or ')'"}`);
      }
      if (isDue(this.#pace)) yield;
    }
  }
}
