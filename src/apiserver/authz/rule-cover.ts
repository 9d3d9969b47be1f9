// Does a set of RBAC rules cover another one? Asked when somebody grants permissions (escalation check). A rule stands for
// every combination of its verbs, groups, resources and names, as many as the product of the lists: entries that the same
// owned rules allow are looked at as one, and of what is not covered no more is spelled out than a person reads.
import type { PolicyRule } from '#api/rbac/v1.ts';
import type { Sliced } from '#machinery';

/** More missing pieces than a refusal tells. */
const mostMissing = 1000;
/** Entries compared with owned rules, which only rules made for it exceed: what is beyond counts as not covered. */
const mostLooks = 10_000_000;
const looksAtOnce = 100_000;

/** What one owned rule allows in one of its lists. */
type Allows = (value: string) => boolean;

/** An owned rule, its lists as tests. */
interface Owned {
  readonly verbs: Allows;
  readonly urls: Allows;
  readonly groups: Allows;
  readonly resources: Allows;
  /** undefined: all names. */
  readonly names: Allows | undefined;
}

const nothing: Allows = () => false;

function namedIn(list: readonly string[] | undefined): Allows {
  if (list === undefined || list.length === 0) return nothing;
  const all = new Set(list);
  return all.has('*') ? () => true : (value) => all.has(value);
}

function resourcesIn(list: readonly string[] | undefined): Allows {
  if (list === undefined || list.length === 0) return nothing;
  const all = new Set(list);
  if (all.has('*')) return () => true;
  return (value) => {
    const [resource = '', subresource = ''] = value.split('/', 2);
    if (subresource === '') return all.has(resource);
    return all.has(`${resource}/${subresource}`) || all.has(`*/${subresource}`);
  };
}

function urlsIn(list: readonly string[] | undefined): Allows {
  const all = new Set(list);
  const heads = [...all].filter((url) => url.endsWith('*')).map((url) => url.slice(0, -1));
  return (value) => all.has(value) || heads.some((head) => value.startsWith(head));
}

function ownedOf(rule: PolicyRule): Owned {
  const names = rule.resourceNames ?? [];
  const named = new Set(names);
  return {
    verbs: namedIn(rule.verbs), urls: urlsIn(rule.nonResourceURLs), groups: namedIn(rule.apiGroups), resources: resourcesIn(rule.resources),
    names: names.length === 0 ? undefined : (value) => named.has(value),
  };
}

/** Positions in a wanted list that the same owned rules allow. */
interface Alike {
  readonly positions: number[];
  readonly owned: readonly Owned[];
}

function* alikeIn(list: readonly string[], owned: readonly Owned[], allows: (rule: Owned, value: string) => boolean, looks: Looks): Sliced<Alike[]> {
  const classes = new Map<string, Alike>();
  for (const [position, value] of list.entries()) {
    let key = '';
    const matching: Owned[] = [];
    for (const [i, rule] of owned.entries()) {
      if (!allows(rule, value)) continue;
      key += `${i},`;
      matching.push(rule);
    }
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { positions: [position], owned: matching });
    else known.positions.push(position);
    looks.all += owned.length;
    looks.sincePause += owned.length;
    if (looks.sincePause > looksAtOnce) {
      looks.sincePause = 0;
      yield;
    }
  }
  return [...classes.values()];
}

type Dimension = readonly [list: readonly string[], allows: (rule: Owned, value: string) => boolean];

/** Combinations of positions, as many lists of them as there are dimensions. */
type Missing = number[][];

interface Search {
  readonly missing: Missing;
  readonly most: number;
  readonly looks: Looks;
}

interface Looks {
  all: number;
  sincePause: number;
}

/** All combinations of what is in the lists, up to the bound. */
function spellOut(lists: readonly (readonly number[])[], search: Search): void {
  const walk = (depth: number, chosen: readonly number[]): void => {
    const list = lists[depth];
    if (list === undefined) {
      search.missing.push([...chosen]);
      return;
    }
    for (const position of list) {
      if (search.missing.length >= search.most) return;
      walk(depth + 1, [...chosen, position]);
    }
  };
  walk(0, []);
}

function* look(dimensions: readonly Dimension[], depth: number, chosen: readonly (readonly number[])[], owned: readonly Owned[], search: Search): Sliced<void> {
  if (search.missing.length >= search.most) return;
  const { looks } = search;
  if (owned.length === 0 || looks.all > mostLooks) {
    spellOut([...chosen, ...dimensions.slice(depth).map(([list]) => [...list.keys()])], search);
    return;
  }
  const dimension = dimensions[depth];
  if (dimension === undefined) return;
  const [list, allows] = dimension;
  for (const { positions, owned: matching } of yield* alikeIn(list, owned, allows, looks)) yield* look(dimensions, depth + 1, [...chosen, positions], matching, search);
}

/** What is missing, in the order in which the lists name it. */
function* missingIn(dimensions: readonly Dimension[], owned: readonly Owned[], most: number, looks: Looks): Sliced<Missing> {
  const search: Search = { missing: [], most, looks };
  yield* look(dimensions, 0, [], owned, search);
  return search.missing.sort((a, b) => {
    const at = a.findIndex((position, i) => position !== b[i]);
    return (a[at] ?? 0) - (b[at] ?? 0);
  });
}

function* missingOf({ verbs, nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] }: PolicyRule, owned: readonly Owned[], most: number, looks: Looks): Sliced<PolicyRule[]> {
  const ofVerbs: Dimension = [verbs, (rule, value) => rule.verbs(value)];
  const urls = yield* missingIn([ofVerbs, [nonResourceURLs, (rule, value) => rule.urls(value)]], owned, most, looks);
  const byResource: Dimension[] = [ofVerbs, [apiGroups, (rule, value) => rule.groups(value)], [resources, (rule, value) => rule.resources(value)]];
  const everyName = resourceNames.length === 0;
  const found = everyName
    ? yield* missingIn(byResource, owned.filter((rule) => rule.names === undefined), most, looks)
    : yield* missingIn([...byResource, [resourceNames, (rule, value) => rule.names?.(value) ?? true]], owned, most, looks);
  return [
    ...urls.map(([verb = 0, url = 0]) => ({ verbs: [verbs[verb] ?? ''], nonResourceURLs: [nonResourceURLs[url] ?? ''] })),
    ...found.map(([verb = 0, group = 0, resource = 0, name = 0]) => ({
      verbs: [verbs[verb] ?? ''], apiGroups: [apiGroups[group] ?? ''], resources: [resources[resource] ?? ''], ...(everyName ? {} : { resourceNames: [resourceNames[name] ?? ''] }),
    })),
  ];
}

/** The pieces of `wanted` that `owned` does not cover, the first `most` or so of them; empty when all may be granted. */
export function* uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[], most = mostMissing): Sliced<PolicyRule[]> {
  const rules = owned.map(ownedOf);
  const missing: PolicyRule[] = [];
  const looks: Looks = { all: 0, sincePause: 0 };
  for (const rule of wanted) {
    if (missing.length >= most) break;
    for (const piece of yield* missingOf(rule, rules, most, looks)) missing.push(piece);
  }
  return missing;
}
