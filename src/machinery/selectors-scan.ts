// The tokens of a label selector's query text. Operators are taken greedily ("!=" before "!"), everything
// else up to white space or an operator is an identifier; `in` and `notin` are words with a meaning.

export interface Token {
  readonly kind: 'end' | 'identifier' | 'in' | 'notin' | '=' | '==' | '!=' | '!' | '>' | '<' | '(' | ')' | ',';
  readonly text: string;
}

const pattern = /[ \t\r\n]*(?:(==|!=|=|!|>|<|\(|\)|,)|([^ \t\r\n=!<>(),]+))/y;
const operators: ReadonlySet<string> = new Set(['==', '!=', '=', '!', '>', '<', '(', ')', ',', 'in', 'notin']);

function isKind(text: string): text is Token['kind'] {
  return operators.has(text);
}

/** All tokens of the text, ended by an 'end'. */
export function scanSelector(text: string): Token[] {
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  for (;;) {
    const match = pattern.exec(text);
    const found = match?.[1] ?? match?.[2];
    if (found === undefined) break;
    tokens.push({ kind: isKind(found) ? found : 'identifier', text: found });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}
