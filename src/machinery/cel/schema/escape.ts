// Field names as CEL identifiers: `__dot__`, `__dash__`, `__slash__`, `__underscores__`, and keywords between double
// underscores (KEP-2876). Names with other characters cannot be reached from an expression.

const keywords = new Set([
  'true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace',
  'return', 'var', 'void', 'while',
]);
const words: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };
const symbols = new Map(Object.entries(words).map(([symbol, word]) => [word, symbol]));

export function isKeyword(name: string): boolean {
  return keywords.has(name);
}

/** The identifier for a field name; undefined when there is none. */
export function escapeName(name: string): string | undefined {
  if (name === '' || /^[0-9]/.test(name) || !/^[A-Za-z0-9_.\-/]+$/.test(name)) return undefined;
  if (keywords.has(name)) return `__${name}__`;
  return name.replace(/__|[-./]/g, (symbol) => words[symbol] ?? symbol);
}

/** The field name behind an identifier; undefined when an escape in it means nothing. */
export function unescapeName(escaped: string): string | undefined {
  let good = true;
  const name = escaped.replace(/__[^_]+__/g, (sequence) => {
    const symbol = symbols.get(sequence);
    if (symbol !== undefined) return symbol;
    const word = sequence.slice(2, -2);
    if (!keywords.has(word) || sequence.length !== escaped.length) good = false;
    return word;
  });
  return good ? name : undefined;
}
