// The served resources: each URL resource with the stored resource behind it, its strategy and its cache.
// Versions of one kind (HorizontalPodAutoscaler v1 and v2, the two Event groups) share a stored resource.
import { allResources, apiVersionOf, resources as builtIn, type ResourceInfo } from '#api/resources.ts';
import { kindHead, type KindHead } from '../cache/stored-form.ts';
import type { CachedResource } from '../cache/resource-cache.ts';
import type { KubeObject } from '../contract.ts';
import { strategyOf } from '../strategies/index.ts';
import { convert } from './conversions.ts';
import { storagePrefix } from './storage-layout.ts';
import type { Stored, Strategy } from './strategy.ts';

/** A resource as it is kept. */
export interface StoredResource extends CachedResource {
  /** The version that is stored. */
  readonly info: ResourceInfo;
  readonly strategy: Strategy;
}

/** A resource as a URL names it. */
export interface ServedResource {
  readonly info: ResourceInfo;
  readonly head: KindHead;
  readonly groupResource: { readonly group: string; readonly resource: string };
  readonly groupKind: { readonly group: string; readonly kind: string };
  /** undefined: never stored (reviews, bindings). */
  readonly stored: StoredResource | undefined;
  /** The stored bytes are this version's bytes. */
  readonly isStorageVersion: boolean;
  fromStored(object: KubeObject): KubeObject;
  toStored(object: KubeObject): KubeObject;
}

/** Resources whose objects are kept under another group's resource. */
const sharedStorage: Readonly<Record<string, string>> = { 'events.k8s.io/events': '/events' };

function storedOf(info: ResourceInfo): StoredResource {
  const strategy = strategyOf(info.group, info.plural);
  return {
    group: info.group,
    plural: info.plural,
    prefix: storagePrefix(info.group, info.plural),
    head: kindHead(info.kind, apiVersionOf(info)),
    namespaced: info.namespaced,
    fieldNames: strategy.fieldNames,
    fieldsOf: (object) => strategy.fieldsOf(object as Stored),
    info,
    strategy,
  };
}

function isStored(info: ResourceInfo): boolean {
  return info.verbs.includes('get') && info.verbs.includes('watch');
}

/** @param stored The stored resource; absent for resources that are never stored. */
export function serve(info: ResourceInfo, stored: StoredResource | undefined): ServedResource {
  const same = stored === undefined || stored.info === info;
  const from = stored?.info.type;
  const to = info.type;
  const step = (source: string | undefined, target: string | undefined) => (object: KubeObject): KubeObject =>
    same || source === undefined || target === undefined ? object : convert(source, target, object);
  return {
    info,
    head: kindHead(info.kind, apiVersionOf(info)),
    groupResource: { group: info.group, resource: info.plural },
    groupKind: { group: info.group, kind: info.kind },
    stored,
    isStorageVersion: same,
    fromStored: step(from, to),
    toStored: step(to, from),
  };
}

export interface ResourceTable {
  readonly served: readonly ServedResource[];
  readonly stored: readonly StoredResource[];
  find(group: string, version: string, plural: string): ServedResource | undefined;
  /** In the version that is stored. */
  storedIn(group: string, plural: string): ServedResource | undefined;
  hasGroupVersion(group: string, version: string): boolean;
}

/** Of the built-in kinds, the version listed first: it is the stored one, also while only others are served. */
const storageVersions = new Map([...allResources].reverse().map((info) => [`${info.group}/${info.plural}`, info]));

/** The resources of a server: of a kind, the first version that exists is the stored one. */
export function createResourceTable(infos: readonly ResourceInfo[] = builtIn): ResourceTable {
  const stored = new Map<string, StoredResource>();
  for (const info of infos) {
    const key = `${info.group}/${info.plural}`;
    if (isStored(info) && sharedStorage[key] === undefined && !stored.has(key)) stored.set(key, storedOf(info.type === undefined ? info : (storageVersions.get(key) ?? info)));
  }
  const served = infos.map((info) => {
    const key = `${info.group}/${info.plural}`;
    return serve(info, stored.get(sharedStorage[key] ?? key));
  });
  const byUrl = new Map(served.map((r) => [`${r.info.group}/${r.info.version}/${r.info.plural}`, r]));
  const versions = new Set(served.map((r) => `${r.info.group}/${r.info.version}`));
  const storage = new Map(served.flatMap((r) => (r.stored !== undefined && r.isStorageVersion ? [[`${r.info.group}/${r.info.plural}`, r] as const] : [])));
  return {
    served,
    stored: [...stored.values()],
    find: (group, version, plural) => byUrl.get(`${group}/${version}/${plural}`),
    storedIn: (group, plural) => storage.get(`${group}/${plural}`),
    hasGroupVersion: (group, version) => versions.has(`${group}/${version}`),
  };
}
