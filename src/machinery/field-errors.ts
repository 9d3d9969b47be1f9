// Field errors: what validation says about one field, and the paths that name fields. Texts equal upstream's
// field.Error (apimachinery/pkg/util/validation/field), because clients show and tests compare them. Paths
// are plain strings ("spec.containers[0].name") built by `child`, `index` and `key`.

export type FieldErrorType =
  | 'Required' | 'Invalid' | 'NotSupported' | 'Duplicate' | 'Forbidden' | 'TooLong' | 'TooShort' | 'TooMany' | 'TooFew'
  | 'TypeInvalid' | 'Internal' | 'NotFound';

export interface FieldError {
  readonly type: FieldErrorType;
  readonly field: string;
  /** undefined: the value is not told. */
  readonly badValue?: unknown;
  readonly detail: string;
}

const bodies: Readonly<Record<FieldErrorType, { text: string; reason: string; withValue: boolean }>> = {
  Required: { text: 'Required value', reason: 'FieldValueRequired', withValue: false },
  Invalid: { text: 'Invalid value', reason: 'FieldValueInvalid', withValue: true },
  NotSupported: { text: 'Unsupported value', reason: 'FieldValueNotSupported', withValue: true },
  Duplicate: { text: 'Duplicate value', reason: 'FieldValueDuplicate', withValue: true },
  Forbidden: { text: 'Forbidden', reason: 'FieldValueForbidden', withValue: false },
  TooLong: { text: 'Too long', reason: 'FieldValueTooLong', withValue: false },
  TooShort: { text: 'Too short', reason: 'FieldValueTooShort', withValue: false },
  TooMany: { text: 'Too many', reason: 'FieldValueTooMany', withValue: true },
  TooFew: { text: 'Too few', reason: 'FieldValueTooFew', withValue: true },
  TypeInvalid: { text: 'Invalid value', reason: 'FieldValueTypeInvalid', withValue: true },
  Internal: { text: 'Internal error', reason: 'InternalError', withValue: false },
  NotFound: { text: 'Not found', reason: 'FieldValueNotFound', withValue: true },
};

/** "spec" + "name" is "spec.name"; an empty parent gives the name alone. */
export function child(path: string, ...names: string[]): string {
  let out = path;
  for (const name of names) out = out === '' ? name : `${out}.${name}`;
  return out;
}

/** "spec.containers" + 0 is "spec.containers[0]". */
export function index(path: string, at: number): string {
  return `${path}[${at}]`;
}

/** "metadata.labels" + "app" is "metadata.labels[app]". */
export function key(path: string, name: string): string {
  return `${path}[${name}]`;
}

export function required(field: string, detail: string): FieldError {
  return { type: 'Required', field, badValue: '', detail };
}

export function invalidValue(field: string, badValue: unknown, detail: string): FieldError {
  return { type: 'Invalid', field, badValue: badValue ?? null, detail };
}

export function typeInvalid(field: string, badValue: unknown, detail: string): FieldError {
  return { type: 'TypeInvalid', field, badValue: badValue ?? null, detail };
}

/** The list that was told last, as a large object breaks the same rule many times. */
let lastList: { readonly supported: readonly string[]; readonly detail: string } = { supported: [], detail: '' };

/** Lists the supported values in the order given, as upstream does. */
export function notSupported(field: string, badValue: unknown, supported: readonly string[]): FieldError {
  if (supported !== lastList.supported) lastList = { supported, detail: supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}` };
  return { type: 'NotSupported', field, badValue: badValue ?? null, detail: lastList.detail };
}

export function duplicate(field: string, badValue: unknown): FieldError {
  return { type: 'Duplicate', field, badValue: badValue ?? null, detail: '' };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { type: 'Forbidden', field, badValue: '', detail };
}

/** `max` in bytes; the value itself is never shown. */
export function tooLong(field: string, _value: unknown, max: number): FieldError {
  const detail = max < 0 ? 'value is too long' : `may not be more than ${max} ${max === 1 ? 'byte' : 'bytes'}`;
  return { type: 'TooLong', field, badValue: '<value omitted>', detail };
}

/** As `tooLong`, counted in characters. */
export function tooLongCharacters(field: string, _value: unknown, max: number): FieldError {
  const detail = max < 0 ? 'value is too long' : `may not be more than ${max} ${max === 1 ? 'character' : 'characters'}`;
  return { type: 'TooLong', field, badValue: '<value omitted>', detail };
}

export function tooShort(field: string, badValue: unknown, min: number): FieldError {
  const detail = min < 0 ? 'value is too short' : `must be at least ${min} ${min === 1 ? 'character' : 'characters'}`;
  return { type: 'TooShort', field, badValue, detail };
}

/** A negative `actual` leaves the number out. */
export function tooMany(field: string, actual: number, max: number): FieldError {
  const detail = max < 0 ? 'has too many items' : `must have at most ${max} ${max === 1 ? 'item' : 'items'}`;
  return { type: 'TooMany', field, badValue: actual < 0 ? undefined : actual, detail };
}

export function tooFew(field: string, actual: number, min: number): FieldError {
  const detail = min < 0 ? 'has too few items' : `must have at least ${min} ${min === 1 ? 'item' : 'items'}`;
  return { type: 'TooFew', field, badValue: actual, detail };
}

export function fieldNotFound(field: string, badValue: unknown): FieldError {
  return { type: 'NotFound', field, badValue: badValue ?? null, detail: '' };
}

export function internalFieldError(field: string, detail: string): FieldError {
  return { type: 'Internal', field, detail };
}

/** The error without its field: `Invalid value: "x": must be …`. */
export function errorBody(error: FieldError): string {
  if (typeof error.badValue !== 'object') return bodyOf(error);
  let text = bodiesTold.get(error);
  if (text === undefined) {
    text = bodyOf(error);
    bodiesTold.set(error, text);
  }
  return text;
}

/** A body is asked for by the answer's message, its causes and its measure: values as large as objects are spelled once. */
const bodiesTold = new WeakMap<FieldError, string>();

function bodyOf(error: FieldError): string {
  const body = bodies[error.type];
  let text = body.text;
  if (body.withValue && error.badValue !== undefined) text += `: ${showValue(error.badValue)}`;
  return error.detail === '' ? text : `${text}: ${error.detail}`;
}

/** The whole text: `spec.name: Invalid value: "x": must be …`. */
export function errorText(error: FieldError): string {
  return `${error.field}: ${errorBody(error)}`;
}

/** The reason of the StatusCause that carries the error. */
export function causeReason(error: FieldError): string {
  return bodies[error.type].reason;
}

/** All errors in one line as Go's aggregate prints them: one bare, several in brackets, equal ones once. */
export function aggregateText(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(errorText))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** Of a value that is longer than any field, nobody reads more; it is told in a message and once more in its cause. */
const longestShown = 64 * 1024;

function showValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value.length > longestShown ? value.slice(0, longestShown) : value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return goJson(value);
}

/** More errors than an answer tells: what comes behind them need not be looked at. */
const enough = 1000;

export function isEnough(errors: readonly object[]): boolean {
  return errors.length > enough;
}

/** JSON as Go marshals it: `<`, `>`, `&` and the line separators are escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\v': '\\v',
};

/** A string literal as Go's %q writes it. */
export function goQuote(text: string): string {
  // What needs no escape, or only those that JSON has as well.
  if (/^[ -~\n\t\r]*$/.test(text)) return JSON.stringify(text);
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is escaped
  const quoted = text.replace(/["\\\x00-\x1f\x7f]|\p{C}|\p{Zl}|\p{Zp}|(?! )\p{Zs}/gu, (c) => {
    const known = escapes[c];
    if (known !== undefined) return known;
    const code = c.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${quoted}"`;
}

/** Adds many errors to others. A spread into `push` would take them all onto the stack, which absurd objects overflow. */
export function addAll(errors: FieldError[], more: readonly FieldError[]): void {
  for (const error of more) errors.push(error);
}
