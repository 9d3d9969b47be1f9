// Where V8's JSON.parse may not be trusted with the names of members. From version 12.8 on it reads a name that is written
// with an escape as the one that it expects, when the text begins with that one's characters and what is read is as
// long: after an object with the name `\\` its `\n` is `\\` as well (nodejs/node#63785). What it expects are names of
// objects that came before, so nothing is mistaken until a name with a backslash has come; from then on texts with
// escaped names are read by our own parser, which takes ten times as long. Names of Kubernetes' own have no backslash.

let hasBackslashCome = false;

export interface ScannedKeys {
  readonly escapedKey: boolean;
  readonly backslashKey: boolean;
}

/** Would JSON.parse perhaps mistake names of this text? To be asked of each text before its objects are made. */
export function mayMistakeKeys({ escapedKey, backslashKey }: ScannedKeys): boolean {
  if (backslashKey) hasBackslashCome = true;
  return escapedKey && hasBackslashCome;
}

/** Should a text be scanned before it is given to JSON.parse? */
export function isSuspect(text: string): boolean {
  return text.includes('\\') && (hasBackslashCome || text.includes('\\\\') || text.includes('\\u005'));
}

/** Tells of an object that was not read from JSON. */
export function noteKeysOf(value: unknown): void {
  const left: unknown[] = [value];
  while (left.length > 0 && !hasBackslashCome) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next) && Object.keys(next).some((key) => key.includes('\\'))) hasBackslashCome = true;
    for (const item of Array.isArray(next) ? next : Object.values(next)) if (typeof item === 'object' && item !== null) left.push(item);
  }
}

const backslash = 0x5c;

/** As noteKeysOf, of what YAML or CBOR was read to: names with a backslash have that byte there, written as themselves or with an escape. */
export function noteKeysRead(bytes: Uint8Array, value: unknown): void {
  if (bytes.includes(backslash)) noteKeysOf(value);
}
