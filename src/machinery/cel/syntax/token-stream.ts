// The parser's view of the tokens: what comes next, what must come next, and repairs as ANTLR makes them (one
// token too many, one missing), so that messages read as they do upstream.
import { classes, tokenize, type Token } from './tokens.ts';
import type { IssueList } from './issues.ts';

/** Ends the parse; everything there is to say has been reported. */
export class ParseAbort extends Error {}

/** Token kinds in the grammar's order, the order in which sets of expected tokens are shown. */
const order = [
  '[', ']', '{', '}', '(', ')', '.', ',', '-', '!', '?', ':', 'true', 'false', 'null',
  classes.float, classes.int, classes.uint, classes.string, classes.bytes, classes.ident, classes.quoted,
];
const operandStart = ['[', '{', '(', '.', '-', '!', 'true', 'false', 'null', classes.float, classes.int, classes.uint, classes.string, classes.bytes, classes.ident];
const memberStart = operandStart.filter((kind) => kind !== '-' && kind !== '!');
const namedClasses = new Set(Object.values(classes));

function quote(kind: string): string {
  return namedClasses.has(kind) ? kind : `'${kind}'`;
}

function expectation(kinds: readonly string[]): string {
  const sorted = [...new Set(kinds)].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  return sorted.length === 1 ? quote(sorted[0] ?? '') : `{${sorted.map(quote).join(', ')}}`;
}

/** What may follow a closing token or a colon; a token outside it is not taken for a missing one. */
const canFollow: Readonly<Record<string, (kind: string) => boolean>> = {
  ':': (kind) => operandStart.includes(kind),
  ')': () => true,
  ']': () => true,
};

export class TokenStream {
  private readonly tokens: readonly Token[];
  private readonly issues: IssueList;
  private position = 0;

  constructor(issues: IssueList) {
    const { tokens, problems } = tokenize(issues.text);
    for (const { at, message } of problems) issues.add(at, `Syntax error: ${message}`);
    this.tokens = tokens;
    this.issues = issues;
  }

  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.position + ahead, this.tokens.length - 1)] ?? { kind: classes.end, text: '<EOF>', at: 0 };
  }

  take(): Token {
    const token = this.peek();
    this.position++;
    return token;
  }

  /** Takes the next token when it is of this kind. */
  accept(kind: string): Token | undefined {
    return this.peek().kind === kind ? this.take() : undefined;
  }

  syntaxError(at: number, message: string): void {
    this.issues.add(at, `Syntax error: ${message}`);
  }

  abort(at: number, message: string): never {
    this.syntaxError(at, message);
    throw new ParseAbort(message);
  }

  /** Takes a token of this kind, repairing one token too many or too few. */
  expect(kind: string): Token {
    const token = this.peek();
    if (token.kind === kind) return this.take();
    if (this.peek(1).kind === kind) {
      this.syntaxError(token.at, `extraneous input '${token.text}' expecting ${quote(kind)}`);
      this.take();
      return this.take();
    }
    if (canFollow[kind]?.(token.kind) === true && !(kind !== ':' && this.peek(1).kind !== classes.end && operandStart.includes(token.kind))) {
      this.syntaxError(token.at, `missing '${kind}' at '${token.text}'`);
      return { kind, text: kind, at: token.at };
    }
    return this.mismatch([kind]);
  }

  mismatch(kinds: readonly string[]): never {
    const token = this.peek();
    return this.abort(token.at, `mismatched input '${token.text}' expecting ${expectation(kinds)}`);
  }

  /** After an element of a list: leaves the stream at a comma or the close. */
  between(close: string): void {
    const token = this.peek();
    if (token.kind === ',' || token.kind === close) return;
    const next = this.peek(1).kind;
    if (next !== ',' && next !== close) this.mismatch([close, ',']);
    this.syntaxError(token.at, `extraneous input '${token.text}' expecting ${expectation([close, ','])}`);
    this.take();
  }

  /** Before an operand: a stray token is dropped when an operand follows it. `extra` may come here as well. */
  operand(extra: readonly string[] = []): void {
    this.oneOf([...operandStart, ...extra]);
  }

  /** Leaves the stream at one of these kinds; a stray token before it is dropped. */
  oneOf(kinds: readonly string[]): void {
    const token = this.peek();
    if (kinds.includes(token.kind)) return;
    if (!kinds.includes(this.peek(1).kind) || token.kind === classes.end) this.mismatch(kinds);
    this.syntaxError(token.at, `extraneous input '${token.text}' expecting ${expectation(kinds)}`);
    this.take();
  }

  /** After `!`: upstream calls even the end of the text extraneous here. */
  negated(): void {
    const token = this.peek();
    if (token.kind === classes.end) this.abort(token.at, `extraneous input '${token.text}' expecting ${expectation(operandStart)}`);
    this.operand();
  }

  /** After `-`: a member must follow, or a number where `numberOnly`. */
  negative(numberOnly = false): void {
    const token = this.peek();
    if (!numberOnly && memberStart.includes(token.kind)) return;
    const isEnd = token.kind === classes.end;
    this.syntaxError(token.at, `no viable alternative at input '-${isEnd ? '' : token.text}'`);
    if (isEnd) this.mismatch(operandStart);
    throw new ParseAbort('no operand');
  }

  end(): void {
    const token = this.peek();
    if (token.kind === classes.end) return;
    const word = this.peek(1).kind === classes.end ? 'extraneous' : 'mismatched';
    this.abort(token.at, `${word} input '${token.text}' expecting <EOF>`);
  }
}
