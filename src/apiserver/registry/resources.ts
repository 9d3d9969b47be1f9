// The served resources: each URL resource with the stored resource behind it, its strategy, its handling and its cache.
// Versions of one built-in kind (HorizontalPodAutoscaler v1 and v2, the two Event groups) share a stored resource;
// each version of a custom resource has its own. Custom resources come and go while the server runs: whoever derives
// something from the table (discovery, OpenAPI) listens to its changes.
import { knownSpecs, recentValues, type KnownSpecs, type RecentValues } from '#machinery';
import { apiVersionOf, resources as builtIn, type ResourceInfo } from '#api/resources.ts';
import type { KeyValue } from '#store';
import type { Entry } from '../cache/entry.ts';
import { kindHead, type KindHead } from '../cache/stored-form.ts';
import type { CachedResource, ResourceCache } from '../cache/resource-cache.ts';
import type { KubeObject } from '../contract.ts';
import { strategyOf } from '../strategies/index.ts';
import { convert } from './conversions.ts';
import { deprecationOf } from './deprecations.ts';
import { compareVersions } from './version-order.ts';
import { anyHandling, builtInHandling, type KindHandling } from './kind-handling.ts';
import { storagePrefix } from './storage-layout.ts';
import type { Stored, Strategy } from './strategy.ts';

/** As text in the bodies of creates; as clients sent them, with defaults; as they went to the store; of objects that changed in something else. */
export interface RecentSpecs {
  readonly bodies: KnownSpecs;
  readonly sent: RecentValues;
  readonly stored: RecentValues;
  readonly changed: RecentValues;
}

/** A resource as it is kept. */
export interface StoredResource extends CachedResource {
  /** The version that is stored. */
  readonly info: ResourceInfo;
  readonly strategy: Strategy;
  readonly handling: KindHandling;
  /** Of kinds whose objects are mostly made from few templates: the specs of the last ones created. */
  readonly specs?: RecentSpecs;
  /** Custom resources: how objects of this version come from the store and go to it. */
  readonly versioned?: VersionedStorage;
}

/** One version of a custom resource, which may be kept at another. */
export interface VersionedStorage {
  /** Of this version. */
  readonly cache: ResourceCache;
  /** Brings the cache up to what is stored; undefined when it is. Rejects when conversion fails. */
  caughtUp(): Promise<void> | undefined;
  /** Brings one object up to what is stored; undefined when it is. Rejects when its own conversion fails. */
  ready(key: string): Promise<void> | undefined;
  /** One object, which is the present one when it is `ready`. */
  entry(key: string): Entry | undefined;
  /** Is anything stored under the key, at any version? */
  exists(key: string): boolean;
  /** A stored pair at this version. */
  read(kv: KeyValue): Promise<Entry> | Entry;
  /** What the stored bytes start with. */
  readonly storedHead: KindHead;
  /** The object at the version that is stored; shares nothing that is changed later. */
  toStored(object: KubeObject): Promise<KubeObject> | KubeObject;
  /** An object of any version at this one, with its defaults; shares nothing with what it was made of. */
  converted(object: KubeObject): Promise<KubeObject> | KubeObject;
}

/** A resource as a URL names it. */
export interface ServedResource {
  readonly info: ResourceInfo;
  readonly head: KindHead;
  readonly groupResource: { readonly group: string; readonly resource: string };
  readonly groupKind: { readonly group: string; readonly kind: string };
  /** What discovery tells, where that differs. */
  readonly toldInfo?: ResourceInfo;
  /** "PodList", or what a definition says. */
  readonly listKind: string;
  readonly handling: KindHandling;
  /** Validates what comes through this version, in the stored form; absent: the stored version's rules hold. */
  readonly rules?: Pick<KindHandling, 'validateNew' | 'validateChange' | 'steps'>;
  /** undefined: never stored (reviews, bindings). */
  readonly stored: StoredResource | undefined;
  /** The cached bytes are this version's bytes. */
  readonly isStorageVersion: boolean;
  fromStored(object: KubeObject): KubeObject;
  toStored(object: KubeObject): KubeObject;
}

/** Resources whose objects are kept under another group's resource. */
const sharedStorage: Readonly<Record<string, string>> = { 'events.k8s.io/events': '/events' };

/** Versions with rules of their own: events.k8s.io is stricter than core. */
const strictTypes: ReadonlySet<string> = new Set(['events.v1.Event']);

function handlingOf(info: ResourceInfo): KindHandling {
  if (info.type === undefined) return anyHandling;
  const handling = builtInHandling(info.type);
  const deprecation = deprecationOf(apiVersionOf(info), info.kind);
  return deprecation === undefined ? handling : { ...handling, ...deprecation };
}

/** What completes objects of the store as they are read, by "group/plural". */
export type Completions = Readonly<Record<string, NonNullable<CachedResource['completeStored']>>>;

function storedOf(info: ResourceInfo, completeStored: CachedResource['completeStored']): StoredResource {
  const strategy = strategyOf(info);
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
    handling: handlingOf(info),
    ...(strategy.comesFromTemplates ? { specs: { bodies: knownSpecs(), sent: recentValues(), stored: recentValues(), changed: recentValues() } } : {}),
    ...(completeStored === undefined ? {} : { completeStored }),
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
    listKind: `${info.kind}List`,
    handling: handlingOf(info),
    ...(info.type !== undefined && strictTypes.has(info.type) ? { rules: builtInHandling(info.type) } : {}),
    stored,
    isStorageVersion: same,
    fromStored: step(from, to),
    toStored: step(to, from),
  };
}

export interface ResourceTable {
  readonly served: readonly ServedResource[];
  /** Built-in resources. */
  readonly stored: readonly StoredResource[];
  /** Grows with every change. */
  readonly revision: number;
  find(group: string, version: string, plural: string): ServedResource | undefined;
  /** In the version that is stored. */
  storedIn(group: string, plural: string): ServedResource | undefined;
  /** Replaces the custom resources of one definition; undefined takes them out. */
  setCustom(definition: string, resources: CustomSet | undefined): void;
  /** What discovery tells: built-in resources, then custom ones by group and name. */
  readonly told: readonly ResourceInfo[];
  /** Called after each change. */
  onChange(listener: () => void): void;
}

/** The resources of one definition. */
export interface CustomSet {
  /** One for each served version. */
  readonly resources: readonly ServedResource[];
  /** The version that is stored, served or not. */
  readonly stored: ServedResource;
  /** In discovery. */
  readonly told: boolean;
}

function storedByName(infos: readonly ResourceInfo[], completions: Completions): Map<string, StoredResource> {
  const stored = new Map<string, StoredResource>();
  for (const info of infos) {
    const key = `${info.group}/${info.plural}`;
    if (isStored(info) && sharedStorage[key] === undefined && !stored.has(key)) stored.set(key, storedOf(info, completions[key]));
  }
  return stored;
}

/** By group, then versions as clients prefer them, then name. */
function inDiscovery(a: ResourceInfo, b: ResourceInfo): number {
  if (a.group !== b.group) return a.group < b.group ? -1 : 1;
  return compareVersions(b.version, a.version) || (a.plural < b.plural ? -1 : 1);
}

function urlOf({ info }: ServedResource): string {
  return `${info.group}/${info.version}/${info.plural}`;
}

function nameOf({ info }: ServedResource): string {
  return `${info.group}/${info.plural}`;
}

/** All built-in resources. The first version listed of a kind is the stored one. */
export function createResourceTable(infos: readonly ResourceInfo[] = builtIn, completions: Completions = {}): ResourceTable {
  const stored = storedByName(infos, completions);
  const fixed = infos.map((info) => {
    const key = `${info.group}/${info.plural}`;
    return serve(info, stored.get(sharedStorage[key] ?? key));
  });
  // A definition adds nothing to a version that the server has of its own.
  const fixedVersions = new Set(infos.map(({ group, version }) => `${group}/${version}`));
  const isShadowed = ({ info }: ServedResource): boolean => fixedVersions.has(`${info.group}/${info.version}`);
  const byUrl = new Map<string, ServedResource>(fixed.map((r) => [urlOf(r), r]));
  const storage = new Map<string, ServedResource>(fixed.flatMap((r) => (r.stored !== undefined && r.isStorageVersion ? [[`${r.info.group}/${r.info.plural}`, r] as const] : [])));
  const custom = new Map<string, CustomSet>();
  const listeners: (() => void)[] = [];
  let revision = 0;
  const customSets = (): CustomSet[] => [...custom].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, set]) => set);
  return {
    get served() {
      return [...fixed, ...customSets().flatMap((set) => set.resources.filter((one) => !isShadowed(one)))];
    },
    get told() {
      const all = customSets().flatMap((set) => (set.told ? set.resources.filter((one) => !isShadowed(one)).map((one) => one.toldInfo ?? one.info) : []));
      return [...fixed.map((one) => one.info), ...all.sort(inDiscovery)];
    },
    stored: [...stored.values()],
    get revision() {
      return revision;
    },
    find: (group, version, plural) => byUrl.get(`${group}/${version}/${plural}`),
    storedIn: (group, plural) => storage.get(`${group}/${plural}`),
    setCustom(definition, set) {
      const known = custom.get(definition);
      for (const old of known?.resources ?? []) if (byUrl.get(urlOf(old)) === old) byUrl.delete(urlOf(old));
      if (known !== undefined && storage.get(nameOf(known.stored)) === known.stored) storage.delete(nameOf(known.stored));
      if (set === undefined) custom.delete(definition);
      else {
        custom.set(definition, set);
        for (const resource of set.resources) if (!isShadowed(resource)) byUrl.set(urlOf(resource), resource);
        if (!storage.has(nameOf(set.stored))) storage.set(nameOf(set.stored), set.stored);
      }
      revision++;
      for (const listener of listeners) listener();
    },
    onChange: (listener) => void listeners.push(listener),
  };
}
