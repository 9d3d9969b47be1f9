// The protobuf message in which KMS v2 keeps a value: the ciphertext, the id of the plugin's key, the encrypted data
// key or seed, and the plugin's annotations (apiserver/pkg/storage/value/encrypt/envelope/kmsv2/v2). Limits and texts
// are upstream's; the bytes are what its decoder reads and its encoder writes.
import { isDns1123Subdomain } from '#machinery';

export interface EncryptedSource {
  readonly keyId: string;
  readonly encryptedDekSource: Uint8Array;
  readonly annotations: Readonly<Record<string, Uint8Array>>;
  /** The number as stored: 0 an AES-GCM key, 1 an HKDF seed. */
  readonly sourceType: number;
}

export interface EncryptedObject extends EncryptedSource {
  readonly encryptedData: Uint8Array;
}

export const hkdfSeedSource = 1;

const longestKeyIdBytes = 1024;
const longestSourceBytes = 1024;
const longestAnnotationsBytes = 32 * 1024;

/** What is wrong with a key id: the code that metrics carry and the text; undefined for a good one. */
export function keyIdProblem(keyId: string): { readonly code: 'empty' | 'too_long'; readonly text: string } | undefined {
  const length = Buffer.byteLength(keyId);
  if (length === 0) return { code: 'empty', text: 'keyID is empty' };
  if (length > longestKeyIdBytes) return { code: 'too_long', text: `keyID is ${length} bytes, which exceeds the max size of ${longestKeyIdBytes}` };
  return undefined;
}

/** Throws why the source may not be used. */
export function validateSource(source: EncryptedSource): void {
  if (source.sourceType !== 0 && source.sourceType !== hkdfSeedSource) throw new Error(`unknown encryptedDEKSourceType: ${source.sourceType}`);
  const { length } = source.encryptedDekSource;
  if (length === 0) throw new Error('failed to validate encrypted DEK source: encrypted DEK source is empty');
  if (length > longestSourceBytes) throw new Error(`failed to validate encrypted DEK source: encrypted DEK source is ${length} bytes, which exceeds the max size of ${longestSourceBytes}`);
  const keyId = keyIdProblem(source.keyId);
  if (keyId !== undefined) throw new Error(`failed to validate key id: ${keyId.text}`);
  const problems = annotationProblems(source.annotations);
  if (problems.length > 0) throw new Error(`failed to validate annotations: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`);
}

function annotationProblems(annotations: Readonly<Record<string, Uint8Array>>): string[] {
  const problems: string[] = [];
  let total = 0;
  for (const [name, value] of Object.entries(annotations)) {
    total += Buffer.byteLength(name) + value.length;
    if (name === '') problems.push('annotations: Required value');
    else if (!isDns1123Subdomain(name)) {
      problems.push(
        `annotations: Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      );
    } else if (name.split('.').length < 2) problems.push(`annotations: Invalid value: ${JSON.stringify(name)}: should be a domain with at least two segments separated by dots`);
  }
  if (total > longestAnnotationsBytes) problems.push(`total size of annotations is ${total}, which exceeds the max size of ${longestAnnotationsBytes}`);
  return problems;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  bytes.push(left);
  return bytes;
}

function lengthDelimited(field: number, bytes: Uint8Array): Uint8Array[] {
  return [Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes];
}

/** Everything but the ciphertext: the same for all values of one data key. */
export function encodeSource(source: EncryptedSource): Buffer {
  const parts = [...lengthDelimited(2, Buffer.from(source.keyId)), ...lengthDelimited(3, source.encryptedDekSource)];
  for (const [name, value] of Object.entries(source.annotations)) {
    parts.push(...lengthDelimited(4, Buffer.concat([...lengthDelimited(1, Buffer.from(name)), ...lengthDelimited(2, value)])));
  }
  if (source.sourceType !== 0) parts.push(Buffer.from([5 << 3, ...varint(source.sourceType)]));
  return Buffer.concat(parts);
}

/** @param source From `encodeSource`. */
export function encodeEncryptedObject(source: Uint8Array, encryptedData: Uint8Array): Buffer {
  return Buffer.concat([...lengthDelimited(1, encryptedData), source]);
}

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly value: number;
}

const malformed = (): Error => new Error('proto: cannot parse invalid wire-format data');

function* fieldsOf(input: Uint8Array): Generator<Field> {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = input[at++];
      if (byte === undefined || shift > 2 ** 56) throw malformed();
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (count: number): Uint8Array => {
    if (at + count > input.length) throw malformed();
    at += count;
    return input.subarray(at - count, at);
  };
  while (at < input.length) {
    const tag = number();
    const field = Math.floor(tag / 8);
    if (field === 0) throw malformed();
    const kind = tag % 8;
    if (kind === 0) yield { number: field, bytes: new Uint8Array(), value: number() };
    else if (kind === 2) yield { number: field, bytes: take(number()), value: 0 };
    else if (kind === 1) take(8);
    else if (kind === 5) take(4);
    else throw malformed();
  }
}

/** Throws for what no encoder made, and for what breaks a limit. */
export function decodeEncryptedObject(input: Uint8Array): EncryptedObject {
  const out = { encryptedData: new Uint8Array(), keyId: '', encryptedDekSource: new Uint8Array(), annotations: Object.create(null) as Record<string, Uint8Array>, sourceType: 0 };
  for (const { number, bytes, value } of fieldsOf(input)) {
    if (number === 1) out.encryptedData = Uint8Array.from(bytes);
    else if (number === 2) out.keyId = Buffer.from(bytes).toString();
    else if (number === 3) out.encryptedDekSource = Uint8Array.from(bytes);
    else if (number === 4) addAnnotation(out.annotations, bytes);
    else if (number === 5) out.sourceType = value;
  }
  if (out.sourceType !== 0 && out.sourceType !== hkdfSeedSource) throw new Error(`unknown encryptedDEKSourceType: ${out.sourceType}`);
  if (out.encryptedData.length === 0) throw new Error('encrypted data is empty');
  validateSource(out);
  return out;
}

function addAnnotation(annotations: Record<string, Uint8Array>, entry: Uint8Array): void {
  let name = '';
  let value: Uint8Array = new Uint8Array();
  for (const field of fieldsOf(entry)) {
    if (field.number === 1) name = Buffer.from(field.bytes).toString();
    else if (field.number === 2) value = field.bytes;
  }
  annotations[name] = value;
}
