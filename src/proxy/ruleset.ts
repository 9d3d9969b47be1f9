// A set of nftables objects as data, and the difference between two of them as one transaction. Chains are
// compared by their rules, map and set elements one by one: what did not change is not touched, so that a
// Service change costs a few lines however many Services there are.

export interface NftSet {
  /** "set" or "map". */
  readonly kind: 'set' | 'map';
  /** What stands between the braces besides elements: "type ipv4_addr . inet_proto . inet_service : verdict ;". */
  readonly declaration: string;
  /** Element text by key ("10.96.0.1 . tcp . 443" → "goto service-x"; '' for sets). undefined: filled by packets, never by us. */
  readonly elements: ReadonlyMap<string, string> | undefined;
}

export interface Ruleset {
  readonly family: 'ip' | 'ip6';
  readonly table: string;
  /** Rules by chain; a base chain's first line is its hook declaration ("type nat hook prerouting …;"). */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly sets: ReadonlyMap<string, NftSet>;
}

const elementsPerLine = 200;

function isHook(line: string | undefined): line is string {
  return line?.startsWith('type ') === true;
}

function element(key: string, value: string): string {
  return value === '' ? key : `${key} : ${value}`;
}

/** Splits long element lists: nft reads long lines slowly. */
function elementCommands(verb: 'add' | 'delete', target: string, name: string, items: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += elementsPerLine) {
    lines.push(`${verb} element ${target} ${name} { ${items.slice(i, i + elementsPerLine).join(', ')} }`);
  }
  return lines;
}

class Transaction {
  /** Order matters to nft: things exist before they are referred to, and references go before what they refer to. */
  readonly creations: string[] = [];
  readonly removals: string[] = [];
  readonly rules: string[] = [];
  readonly additions: string[] = [];
  readonly deletions: string[] = [];

  text(): string {
    const lines = [...this.creations, ...this.removals, ...this.rules, ...this.additions, ...this.deletions];
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }
}

function chainRules(tx: Transaction, target: string, name: string, lines: readonly string[]): void {
  tx.rules.push(`flush chain ${target} ${name}`);
  for (const line of lines) if (!isHook(line)) tx.rules.push(`add rule ${target} ${name} ${line}`);
}

/** Everything anew, keeping dynamic sets (session affinity) that are already loaded. `loaded` names what the table holds now. */
export function fullScript(wanted: Ruleset, loaded: { readonly chains: readonly string[]; readonly sets: readonly { readonly kind: 'set' | 'map'; readonly name: string }[] }): string {
  const target = `${wanted.family} ${wanted.table}`;
  const tx = new Transaction();
  tx.creations.push(`add table ${target}`);
  for (const name of loaded.chains) tx.rules.push(`flush chain ${target} ${name}`);
  for (const [name, set] of wanted.sets) {
    tx.creations.push(`add ${set.kind} ${target} ${name} { ${set.declaration} }`);
    if (set.elements === undefined) continue;
    tx.removals.push(`flush ${set.kind} ${target} ${name}`);
    tx.additions.push(...elementCommands('add', target, name, [...set.elements].map(([key, value]) => element(key, value))));
  }
  for (const [name, lines] of wanted.chains) {
    const hook = lines[0];
    tx.creations.push(isHook(hook) ? `add chain ${target} ${name} { ${hook} }` : `add chain ${target} ${name}`);
  }
  for (const [name, lines] of wanted.chains) for (const line of lines) if (!isHook(line)) tx.rules.push(`add rule ${target} ${name} ${line}`);
  for (const set of loaded.sets) {
    if (wanted.sets.has(set.name)) continue;
    tx.removals.push(`flush ${set.kind} ${target} ${set.name}`);
    tx.deletions.push(`delete ${set.kind} ${target} ${set.name}`);
  }
  const stale = loaded.chains.filter((name) => !wanted.chains.has(name));
  tx.deletions.unshift(...stale.map((name) => `delete chain ${target} ${name}`));
  return tx.text();
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}

/** What turns `from` into `to`; '' when nothing changed. */
export function deltaScript(from: Ruleset, to: Ruleset): string {
  const target = `${to.family} ${to.table}`;
  const tx = new Transaction();
  for (const [name, set] of to.sets) {
    const old = from.sets.get(name);
    if (old === undefined) tx.creations.push(`add ${set.kind} ${target} ${name} { ${set.declaration} }`);
    if (set.elements === undefined) continue;
    const before = old?.elements ?? new Map<string, string>();
    const gone = [...before].filter(([key, value]) => set.elements?.get(key) !== value).map(([key]) => key);
    const fresh = [...set.elements].filter(([key, value]) => before.get(key) !== value).map(([key, value]) => element(key, value));
    tx.removals.push(...elementCommands('delete', target, name, gone));
    tx.additions.push(...elementCommands('add', target, name, fresh));
  }
  for (const [name, lines] of to.chains) {
    const old = from.chains.get(name);
    if (old !== undefined && sameLines(old, lines)) continue;
    const hook = lines[0];
    if (old === undefined) tx.creations.push(isHook(hook) ? `add chain ${target} ${name} { ${hook} }` : `add chain ${target} ${name}`);
    chainRules(tx, target, name, lines);
  }
  const goneChains = [...from.chains.keys()].filter((name) => !to.chains.has(name));
  // Flushed first, so that chains that refer to each other can go in any order.
  tx.rules.push(...goneChains.map((name) => `flush chain ${target} ${name}`));
  tx.deletions.push(...goneChains.map((name) => `delete chain ${target} ${name}`));
  for (const [name, set] of from.sets) if (!to.sets.has(name)) tx.deletions.push(`delete ${set.kind} ${target} ${name}`);
  return tx.text();
}
