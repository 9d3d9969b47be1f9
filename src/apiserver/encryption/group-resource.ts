// Which resource a configured name or a store key means. Names are "secrets", "deployments.apps", "*.apps", "*."
// (the core group) and "*.*"; keys are upstream's layout, where resources without a REST API have names of their own.

export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

export const anyResource = '*';

/** "deployments.apps" is group apps; without a dot the group is the core one. */
export function parseGroupResource(name: string): GroupResource {
  const dot = name.indexOf('.');
  return dot < 0 ? { group: '', resource: name } : { group: name.slice(dot + 1), resource: name.slice(0, dot) };
}

export function groupResourceName({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

/** The name as a person writes it in the file. */
export function configuredName(resource: GroupResource): string {
  return resource.group === '' && resource.resource === anyResource ? '*.' : groupResourceName(resource);
}

const root = '/registry/';

/** Keys without a REST resource of their own. */
const internalPrefixes: readonly (readonly [string, GroupResource])[] = [
  ['/registry/ranges/serviceips', { group: '', resource: 'serviceipallocations' }],
  ['/registry/ranges/servicenodeports', { group: '', resource: 'servicenodeportallocations' }],
  ['/registry/masterleases/', { group: '', resource: 'apiserveripinfo' }],
];

export interface KeyResource {
  /** What keys of this resource start with. */
  readonly prefix: string;
  readonly resource: GroupResource;
}

/** Finds a key's resource: a built-in by its prefix, else a custom one by "/registry/<group>/<plural>/". */
export function keyResources(builtIn: readonly { readonly prefix: string; readonly group: string; readonly plural: string }[]): (key: string) => KeyResource | undefined {
  const byPrefix = new Map<string, KeyResource>();
  for (const { prefix, group, plural } of builtIn) byPrefix.set(prefix, { prefix, resource: { group, resource: plural } });
  return (key) => {
    const first = key.indexOf('/', root.length);
    if (first < 0 || !key.startsWith(root)) return undefined;
    const one = byPrefix.get(key.slice(0, first + 1));
    if (one !== undefined) return one;
    const second = key.indexOf('/', first + 1);
    const two = second < 0 ? undefined : byPrefix.get(key.slice(0, second + 1));
    if (two !== undefined) return two;
    for (const [prefix, resource] of internalPrefixes) if (key.startsWith(prefix)) return { prefix, resource };
    const group = key.slice(root.length, first);
    if (second < 0 || !group.includes('.')) return undefined;
    const found = { prefix: key.slice(0, second + 1), resource: { group, resource: key.slice(first + 1, second) } };
    if (byPrefix.size < mostPrefixes) byPrefix.set(found.prefix, found);
    return found;
  };
}

const mostPrefixes = 10_000;
