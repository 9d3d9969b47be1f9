// The difference of two values as validation prints it: a unified diff of their indented JSON with three
// lines of context, as difflib writes it. Inputs beyond a few thousand lines are shown as one replacement; what is
// so large that nobody would read its difference is not even printed, as that alone would hold up the server.
import { goStruct, goStructs } from '../go-struct.ts';

const context = 3;
const maxCells = 1_000_000;

/** Of both sides together. A large pod has some hundred; each is up to 30 lines, as absent fields are printed too. */
const maxValues = 2_500;
const tooLarge = `(the difference is not shown: both sides have more than ${maxValues} values together)\n`;

/** The difference of two values of a schema type, or of two lists of them, printed as upstream's structs. */
export function structDiff(type: string, before: unknown, after: unknown): string {
  if (valuesLeft(after, valuesLeft(before, maxValues)) < 0) return tooLarge;
  const struct = (value: unknown): unknown => (Array.isArray(value) ? goStructs(type, value as readonly unknown[]) : goStruct(type, value));
  return unifiedDiff(struct(before), struct(after));
}

/** What is left of a budget after counting a value and all below; the count stops below zero. */
function valuesLeft(value: unknown, budget: number): number {
  let left = budget - 1;
  if (typeof value !== 'object' || value === null) return left;
  for (const member of Object.values(value)) {
    left = valuesLeft(member, left);
    if (left < 0) break;
  }
  return left;
}

type Op = { readonly kind: ' ' | '-' | '+'; readonly line: string };

function lines(value: unknown): string[] {
  return JSON.stringify(value ?? null, null, 1).split('\n');
}

/** "@@ -1,4 +1,4 @@ …"; empty when the values print alike. */
export function unifiedDiff(before: unknown, after: unknown): string {
  const ops = compare(lines(before), lines(after));
  if (ops.every((op) => op.kind === ' ')) return '';
  let out = '';
  for (const [start, end] of hunks(ops)) out += printHunk(ops, start, end);
  return out;
}

/** Longest common subsequence by rows from the end, after cutting what both sides share at both ends. */
function compare(a: readonly string[], b: readonly string[]): Op[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (line: string): Op => ({ kind: ' ', line });
  const middle = compareMiddle(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [...a.slice(0, head).map(same), ...middle, ...a.slice(a.length - tail).map(same)];
}

function compareMiddle(a: readonly string[], b: readonly string[]): Op[] {
  const removed = a.map((line): Op => ({ kind: '-', line }));
  const added = b.map((line): Op => ({ kind: '+', line }));
  if (a.length === 0 || b.length === 0 || a.length * b.length > maxCells) return [...removed, ...added];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] =
        a[i] === b[j] ? (length[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(length[(i + 1) * width + j] ?? 0, length[i * width + j + 1] ?? 0);
    }
  }
  const ops: Op[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      ops.push({ kind: ' ', line: a[i] ?? '' });
      i++;
      j++;
    } else if ((length[(i + 1) * width + j] ?? 0) >= (length[i * width + j + 1] ?? 0)) {
      ops.push({ kind: '-', line: a[i++] ?? '' });
    } else {
      ops.push({ kind: '+', line: b[j++] ?? '' });
    }
  }
  return [...ops, ...removed.slice(i), ...added.slice(j)];
}

function hunks(ops: readonly Op[]): [number, number][] {
  const found: [number, number][] = [];
  for (const [i, op] of ops.entries()) {
    if (op.kind === ' ') continue;
    const start = Math.max(0, i - context);
    const end = Math.min(ops.length, i + context + 1);
    const last = found.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = end;
    else found.push([start, end]);
  }
  return found;
}

function printHunk(ops: readonly Op[], start: number, end: number): string {
  const count = (upTo: number, from: number, ...kinds: string[]): number => ops.slice(from, upTo).filter((op) => kinds.includes(op.kind)).length;
  const range = (...kinds: string[]): string => {
    const first = count(start, 0, ...kinds) + 1;
    const size = count(end, start, ...kinds);
    return size === 1 ? String(first) : `${size === 0 ? first - 1 : first},${size}`;
  };
  const body = ops.slice(start, end).map((op) => `${op.kind}${op.line}\n`).join('');
  return `@@ -${range(' ', '-')} +${range(' ', '+')} @@\n${body}`;
}
