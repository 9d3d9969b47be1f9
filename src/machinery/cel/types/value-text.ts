// Values as text: in CEL's own notation (formatValue) and as Go prints them inside error messages (valueText).
import { durationSeconds, durationText } from './duration.ts';
import { fixedText, generalText } from './number-text.ts';
import { timestampText } from './timestamp.ts';
import { typeString, type CelType } from './types.ts';
import { isError, type CelList, type CelMap, type CelResult } from './values.ts';

function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'double("NaN")';
  if (!Number.isFinite(value)) return value > 0 ? 'double("Infinity")' : 'double("-Infinity")';
  const text = fixedText(value);
  return text.includes('.') ? text : `${text}.0`;
}

function octets(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

const quoteEscapes: Readonly<Record<string, string>> = {
  '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\v': '\\v',
};

/** A string in double quotes as Go's %q writes it. */
export function quoted(text: string): string {
  const inner = text.replace(/["\\\p{C}\p{Z}]/gu, (char) => {
    if (char === ' ') return char;
    const known = quoteEscapes[char];
    if (known !== undefined) return known;
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${inner}"`;
}

function items(list: CelList, text: (value: CelResult) => string): string[] {
  return Array.from({ length: list.size }, (_, i) => text(list.at(i)));
}

function pairs(map: CelMap, text: (value: CelResult) => string): string[] {
  return map.keys().map((key) => `${text(key)}: ${text(map.find(key) ?? null)}`);
}

function typeName(type: CelType): string {
  return type.kind === 'object' || type.kind === 'opaque' ? type.name : typeString({ ...type, params: [] });
}

/** CEL's notation; map entries in order of their keys' text. */
export function formatValue(value: CelResult): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean': case 'bigint': return String(value);
    case 'number': return formatDouble(value);
    case 'string': return quoted(value);
  }
  switch (value.is) {
    case 'uint': return `${value.value}u`;
    case 'bytes': return `b"${octets(value.value)}"`;
    case 'timestamp': return `timestamp("${timestampText(value, 0)}")`;
    case 'duration': return `duration("${fixedText(durationSeconds(value.nanos))}s")`;
    case 'list': return `[${items(value, formatValue).join(', ')}]`;
    case 'map': return `{${pairs(value, formatValue).toSorted().join(', ')}}`;
    case 'type': return typeName(value);
    case 'optional': return value.value === undefined ? 'optional.none()' : `optional.of(${formatValue(value.value)})`;
    case 'opaque': return value.type.name;
    case 'error': return value.message;
  }
}

/** As Go's %v prints the value inside a message. */
export function valueText(value: CelResult): string {
  if (value === null) return '0';
  switch (typeof value) {
    case 'boolean': case 'bigint': case 'string': return String(value);
    case 'number': return generalText(value);
  }
  switch (value.is) {
    case 'uint': return String(value.value);
    case 'bytes': return `[${value.value.join(' ')}]`;
    case 'timestamp': return timestampText(value).replace('T', ' ').replace('Z', ' +0000 UTC');
    case 'list': return `[${items(value, valueText).join(', ')}]`;
    case 'map': return `{${pairs(value, valueText).join(', ')}}`;
    case 'optional': return value.value === undefined ? 'optional.none()' : `optional(${valueText(value.value)})`;
    case 'duration': return durationText(value.nanos);
    case 'type': case 'opaque': return formatValue(value);
    case 'error': return isError(value) ? value.message : '';
  }
}
