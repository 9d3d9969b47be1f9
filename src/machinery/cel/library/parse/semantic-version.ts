// Semantic versions as Kubernetes' semver library reads and orders them (blang/semver v4): strict parsing with
// its error texts, and the normalisation that `semver(text, true)` asks for.
import { goQuote } from '../../../field-errors.ts';

export interface SemanticVersion {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** Numbers are identifiers of digits alone. */
  readonly pre: readonly (string | bigint)[];
  readonly build: readonly string[];
}

const maxUint64 = 2n ** 64n - 1n;
const digitsOnly = /^[0-9]*$/;
const identifierOnly = /^[0-9A-Za-z-]*$/;
const hasLeadingZero = (text: string): boolean => text.length > 1 && text.startsWith('0');

/** Throws an Error with upstream's text. */
export function parseSemanticVersion(text: string): SemanticVersion {
  if (text === '') throw new Error('Version string empty');
  const [majorText, minorText, lastText] = splitThree(text);
  if (majorText === undefined || minorText === undefined || lastText === undefined) throw new Error('No Major.Minor.Patch elements found');
  const major = numberPart(majorText, 'Major');
  const minor = numberPart(minorText, 'Minor');
  let patchText = lastText;
  let build: string[] = [];
  let pre: string[] = [];
  const plus = patchText.indexOf('+');
  if (plus >= 0) {
    build = patchText.slice(plus + 1).split('.');
    patchText = patchText.slice(0, plus);
  }
  const dash = patchText.indexOf('-');
  if (dash >= 0) {
    pre = patchText.slice(dash + 1).split('.');
    patchText = patchText.slice(0, dash);
  }
  const patch = numberPart(patchText, 'Patch');
  return { major, minor, patch, pre: pre.map(preReleasePart), build: build.map(buildPart) };
}

/** Like Go's SplitN(text, ".", 3). */
function splitThree(text: string): string[] {
  const parts = text.split('.');
  return parts.length <= 3 ? parts : [parts[0] ?? '', parts[1] ?? '', parts.slice(2).join('.')];
}

function numberPart(text: string, name: 'Major' | 'Minor' | 'Patch'): bigint {
  if (!digitsOnly.test(text)) throw new Error(`Invalid character(s) found in ${name.toLowerCase()} number ${goQuote(text)}`);
  if (hasLeadingZero(text)) throw new Error(`${name} number must not contain leading zeroes ${goQuote(text)}`);
  return unsigned(text);
}

function unsigned(text: string): bigint {
  if (text === '') throw new Error('strconv.ParseUint: parsing "": invalid syntax');
  const value = BigInt(text);
  if (value > maxUint64) throw new Error(`strconv.ParseUint: parsing ${goQuote(text)}: value out of range`);
  return value;
}

function preReleasePart(text: string): string | bigint {
  if (text === '') throw new Error('Prerelease is empty');
  if (digitsOnly.test(text)) {
    if (hasLeadingZero(text)) throw new Error(`Numeric PreRelease version must not contain leading zeroes ${goQuote(text)}`);
    return unsigned(text);
  }
  if (!identifierOnly.test(text)) throw new Error(`Invalid character(s) found in prerelease ${goQuote(text)}`);
  return text;
}

function buildPart(text: string): string {
  if (text === '') throw new Error('Build meta data is empty');
  if (!identifierOnly.test(text)) throw new Error(`Invalid character(s) found in build meta data ${goQuote(text)}`);
  return text;
}

/** Drops a leading "v" and leading zeros, and fills up short versions. */
export function normalizeVersion(text: string): string {
  const parts = splitThree(text.startsWith('v') ? text.slice(1) : text).map((part) => {
    if (part.length <= 1) return part;
    const stripped = part.replace(/^0+/, '');
    return /^[0-9]/.test(stripped) ? stripped : `0${stripped}`;
  });
  if (parts.length < 3) {
    if (/[+-]/.test(parts.at(-1) ?? '')) throw new Error('short version cannot contain PreRelease/Build meta data');
    while (parts.length < 3) parts.push('0');
  }
  return parts.join('.');
}

/** -1, 0 or 1; build metadata does not count. */
export function compareVersions(a: SemanticVersion, b: SemanticVersion): number {
  const numbers = order(a.major, b.major) || order(a.minor, b.minor) || order(a.patch, b.patch);
  if (numbers !== 0) return numbers;
  if (a.pre.length === 0 || b.pre.length === 0) return order(b.pre.length, a.pre.length);
  for (let i = 0; i < a.pre.length && i < b.pre.length; i++) {
    const decided = comparePre(a.pre[i] ?? '', b.pre[i] ?? '');
    if (decided !== 0) return decided;
  }
  return order(a.pre.length, b.pre.length);
}

function comparePre(a: string | bigint, b: string | bigint): number {
  if (typeof a === 'bigint') return typeof b === 'bigint' ? order(a, b) : -1;
  return typeof b === 'bigint' ? 1 : order(a, b);
}

function order<T extends string | number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
