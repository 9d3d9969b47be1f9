// The order of steps as upstream sorts them: fields, then keys, then set values, then indices; texts by spelling and
// numbers by value. Tens of thousands of steps are sorted by what they say, read once each, and not by reading both at
// every comparison.

const order = 'fkvi';

type Scalar = string | number | boolean | null;

/** A step, read. */
interface Read {
  readonly step: string;
  readonly kind: number;
  /** Of a key its names and values in turn. */
  readonly said: Scalar | readonly Scalar[];
}

export function comparePathElements(a: string, b: string): number {
  if (a === b) return 0;
  const kind = a.charCodeAt(0);
  if (kind !== b.charCodeAt(0)) return order.indexOf(a.charAt(0)) - order.indexOf(b.charAt(0));
  if (kind === 102 /* f */) return a < b ? -1 : 1;
  if (kind === 107 /* k */) return textKey.test(a) && textKey.test(b) ? compareTexts(a, b) : compareKeys(keyOf(a), keyOf(b));
  return compareScalars(valueOf(a), valueOf(b));
}

// Texts without anything that sorts before the quote that ends them, or is spelled with a backslash, sort as they are spelled.
const textKey = /^k:\{"[#-[\]-\uffff]*":"[#-[\]-\uffff]*"\}$/;
const textValue = /^v:"[#-[\]-\uffff]*"$/;
const wholeNumber = /^v:(?:0|-?[1-9]\d{0,14})$/;

/** From here on reading each step once is quicker. */
const many = 32;

/** Sorts in place, "." first. */
export function sortSteps(steps: string[]): void {
  if (steps.every(isSortedAsText)) steps.sort();
  else if (steps.length < many) steps.sort(comparePathElements);
  else if (steps.every((step) => textValue.test(step)) || steps.every((step) => textKey.test(step))) steps.sort();
  else if (steps.every((step) => wholeNumber.test(step))) sortNumbers(steps);
  else steps.map(read).sort(compareRead).forEach(({ step }, i) => (steps[i] = step));
}

/** Thousands of steps are names of fields, which the built-in order of texts sorts as well and much quicker. */
function isSortedAsText(step: string): boolean {
  return step === '.' || step.charCodeAt(0) === 102 /* f */;
}

function sortNumbers(steps: string[]): void {
  const numbers = Float64Array.from(steps, (step) => Number(step.slice(2))).sort();
  for (const [i, number] of numbers.entries()) steps[i] = `v:${number}`;
}

function read(step: string): Read {
  const letter = step.charAt(0);
  return { step, kind: order.indexOf(letter), said: letter === 'k' ? keyOf(step) : letter === 'f' || letter === '.' ? step : valueOf(step) };
}

function compareRead(a: Read, b: Read): number {
  if (a.kind !== b.kind) return a.kind - b.kind;
  const left = a.said;
  const right = b.said;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return compareScalars(left as Scalar, right as Scalar);
  return compareKeys(left, right);
}

function keyOf(step: string): Scalar[] {
  return Object.entries(JSON.parse(step.slice(2)) as Record<string, Scalar>).flat();
}

function valueOf(step: string): Scalar {
  if (step.charCodeAt(2) === 34 /* " */ && !step.includes('\\')) return step.slice(3, -1);
  return JSON.parse(step.slice(2)) as Scalar;
}

function compareKeys(a: readonly Scalar[], b: readonly Scalar[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const found = compareScalars(a[i] ?? null, b[i] ?? null);
    if (found !== 0) return found;
  }
  return a.length - b.length;
}

const scalarOrder = ['number', 'string', 'boolean', 'object'];

function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (typeof a !== typeof b) return scalarOrder.indexOf(typeof a) - scalarOrder.indexOf(typeof b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'boolean') return Number(a) - Number(b);
  return compareTexts(String(a), String(b));
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
