// The tokens of a label selector's query text. Operators are taken greedily ("!=" before "!"), everything
// else up to white space or an operator is an identifier; `in` and `notin` are words with a meaning. They are read as they
// are asked for: a text of megabytes holds more of them than anybody wants at once.

export interface Token {
  readonly kind: 'end' | 'identifier' | 'in' | 'notin' | '=' | '==' | '!=' | '!' | '>' | '<' | '(' | ')' | ',';
  readonly text: string;
}

const pattern = /[ \t\r\n]*(?:(==|!=|=|!|>|<|\(|\)|,)|([^ \t\r\n=!<>(),]+))/y;
const operators: ReadonlySet<string> = new Set(['==', '!=', '=', '!', '>', '<', '(', ')', ',', 'in', 'notin']);

function isKind(text: string): text is Token['kind'] {
  return operators.has(text);
}

/** Reads the tokens of the text one by one; behind the last there is an 'end', again and again. */
export function scanSelector(text: string): () => Token {
  let at = 0;
  return () => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const found = match?.[1] ?? match?.[2];
    if (found === undefined) return end;
    at = pattern.lastIndex;
    return { kind: isKind(found) ? found : 'identifier', text: found };
  };
}

const end: Token = { kind: 'end', text: '' };
