// The order of texts. Kubernetes sorts by bytes; `localeCompare` sorts as a language does, and its first call makes a
// process map 8 MB of ICU's tables.

/** Compares by UTF-16 code unit: byte order for ASCII, which names, labels and timestamps are. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
