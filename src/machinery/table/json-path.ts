// The JSONPath of printer columns and selectable fields: `.spec.list[0].name`, `.metadata.annotations.a\.b`,
// `['x']`, `[*]`, slices and `[?(@.type=="Ready")]` filters, with client-go's meaning. Expressions are parsed
// once; evaluation never throws on missing parts.

type Step =
  | { readonly kind: 'child'; readonly name: string }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly value: unknown };

export interface JsonPath {
  /** All values found, in order. */
  find(root: unknown): unknown[];
}

const filter = /^\?\(\s*@((?:[^=!<>"']|\[['"][^'"]*['"]\])*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?))?\s*\)$/;

/** Parses an expression (".spec.replicas"). Throws an Error for what is none. */
export function parseJsonPath(text: string): JsonPath {
  const steps = parseSteps(text.replace(/^\$/, ''), text);
  return { find: (root) => walk([root], steps) };
}

function parseSteps(text: string, whole: string): Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text.charAt(at);
    if (c === '[') {
      const end = closing(text, at, whole);
      steps.push(parseBracket(text.slice(at + 1, end), whole));
      at = end + 1;
    } else {
      if (c === '.') at++;
      const match = /^(?:\\.|[^.[\]\\])+/.exec(text.slice(at));
      if (match === null) {
        if (at === text.length && steps.length === 0) break;
        throw new Error(`unrecognized JSONPath ${JSON.stringify(whole)}`);
      }
      at += match[0].length;
      const name = match[0].replace(/\\(.)/g, '$1');
      steps.push(name === '*' ? { kind: 'all' } : { kind: 'child', name });
    }
  }
  return steps;
}

/** The bracket that closes the one at `open`, past quoted text. */
function closing(text: string, open: number, whole: string): number {
  let depth = 0;
  let quote = '';
  for (let i = open; i < text.length; i++) {
    const c = text.charAt(i);
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '[') depth++;
    else if (c === ']' && --depth === 0) return i;
  }
  throw new Error(`unterminated bracket in JSONPath ${JSON.stringify(whole)}`);
}

function parseBracket(inside: string, whole: string): Step {
  const text = inside.trim();
  if (text === '*') return { kind: 'all' };
  if (/^-?\d+$/.test(text)) return { kind: 'index', at: Number(text) };
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted !== null) return { kind: 'child', name: quoted[2] ?? '' };
  const slice = /^(-?\d*):(-?\d*)$/.exec(text);
  if (slice !== null) return { kind: 'slice', from: slice[1] ? Number(slice[1]) : undefined, to: slice[2] ? Number(slice[2]) : undefined };
  const match = filter.exec(text);
  if (match === null) throw new Error(`unrecognized JSONPath ${JSON.stringify(whole)}`);
  return { kind: 'filter', path: parseSteps(match[1] ?? '', whole), operator: match[2] ?? '', value: literal(match[3]) };
}

function literal(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted !== null) return quoted[2];
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function walk(values: unknown[], steps: readonly Step[]): unknown[] {
  let current = values;
  for (const step of steps) current = current.flatMap((value) => take(value, step));
  return current;
}

function take(value: unknown, step: Step): unknown[] {
  if (Array.isArray(value)) {
    const list: unknown[] = value;
    switch (step.kind) {
      case 'index': {
        const at = step.at < 0 ? list.length + step.at : step.at;
        return at in list ? [list[at]] : [];
      }
      case 'slice':
        return list.slice(step.from, step.to);
      case 'all':
        return list;
      case 'filter':
        return list.filter((item) => matches(item, step.path, step.operator, step.value));
      default:
        return [];
    }
  }
  if (typeof value !== 'object' || value === null) return [];
  if (step.kind === 'all') return Object.values(value);
  if (step.kind !== 'child' || !Object.hasOwn(value, step.name)) return [];
  return [(value as Record<string, unknown>)[step.name]];
}

function matches(item: unknown, path: readonly Step[], operator: string, wanted: unknown): boolean {
  const found = walk([item], path);
  if (found.length === 0) return false;
  const [have] = found;
  switch (operator) {
    case '':
      return true;
    case '==':
      return have === wanted;
    case '!=':
      return have !== wanted;
    default:
      if (typeof have !== typeof wanted || (typeof have !== 'number' && typeof have !== 'string')) return false;
      return compare(have, wanted as number | string, operator);
  }
}

function compare(a: number | string, b: number | string, operator: string): boolean {
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}
