// A definition as served resources: one for each version that is served, all over one store prefix. The cache of what
// is stored reads any version; each served version has a cache of its own over it (version-cache.ts), made when it is
// first asked for, except that without a webhook the stored version's own cache is that of the store.
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#api/apiextensions/v1.ts';
import type { ResourceInfo, SubresourceInfo } from '#api/resources.ts';
import type { Clock } from '#base/clock.ts';
import { UnmarshalError, type ConvertTo, type KubeObject } from '#machinery';
import type { KeyValue } from '#store';
import type { Entry } from '../cache/entry.ts';
import { entryFrom, type CachedResource, type ResourceCache } from '../cache/resource-cache.ts';
import { encodeStored, kindHead, parseServed, serveStored, type KindHead } from '../cache/stored-form.ts';
import type { ServedResource, StoredResource, VersionedStorage } from '../registry/resources.ts';
import type { Strategy } from '../registry/strategy.ts';
import { converterTo, toStorage, type Conversion, type Versions } from './conversion.ts';
import { customKind, type CustomKind } from './custom-kind.ts';
import { ruleCheck, type RuleTimes } from './custom-rules.ts';
import { isTerminating, storageVersion } from './definition.ts';
import { createVersionCache, type VersionCache } from './version-cache.ts';
import { versionSchema, type VersionSchema } from './version-schema.ts';

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const verbsOfTerminating = ['delete', 'deletecollection', 'get', 'list', 'watch'];
const subresourceVerbs = ['get', 'patch', 'update'];

export interface DefinitionParts {
  readonly definition: CustomResourceDefinition;
  readonly conversion: Conversion;
  readonly clock: Clock;
  readonly ruleTimes: RuleTimes;
}

/** What of a definition is known before its objects are loaded. */
export interface DefinitionPlan {
  readonly parts: DefinitionParts;
  readonly versions: Versions;
  readonly storage: VersionSchema;
  /** How the cache of what is stored reads. */
  readonly stored: CachedResource;
  readonly kinds: ReadonlyMap<string, CustomKind>;
}

/** Where its objects are kept. */
function customPrefix(definition: CustomResourceDefinition): string {
  return `/registry/${definition.spec.group}/${definition.spec.names.plural}/`;
}

export function planDefinition(parts: DefinitionParts): DefinitionPlan | undefined {
  const { definition, conversion, ruleTimes } = parts;
  const versions = new Map(definition.spec.versions.map((version) => [version.name, versionSchema(definition, version)]));
  const storage = versions.get(storageVersion(definition)?.name ?? '');
  if (storage === undefined) return undefined;
  const kinds = new Map<string, CustomKind>();
  for (const version of definition.spec.versions) {
    const schema = versions.get(version.name);
    if (schema !== undefined) kinds.set(version.name, customKind({ definition, version, schema, convert: conversion.immediate ? convertAmong(versions, conversion) : undefined, rules: ruleCheck(schema, ruleTimes) }));
  }
  const cached = cachedResource(definition, storage, kinds.get(storage.name)?.strategy);
  return { parts, versions, storage, kinds, stored: { ...cached, isSettled: (object) => storage.settled.has(object), readStored: (kv, known) => (known === undefined ? readStored(kv, cached, storage, conversion, versions) : justWritten(kv, cached, known)) } };
}

function cachedResource(definition: CustomResourceDefinition, schema: VersionSchema, strategy: Strategy | undefined): CachedResource {
  return {
    group: definition.spec.group,
    plural: definition.spec.names.plural,
    prefix: customPrefix(definition),
    head: kindHead(schema.kind, schema.apiVersion),
    namespaced: definition.spec.scope === 'Namespaced',
    fieldNames: strategy?.fieldNames ?? [],
    fieldsOf: (object) => strategy?.fieldsOf({ metadata: {}, ...object }) ?? [],
  };
}

function convertAmong(versions: Versions, conversion: Conversion): ConvertTo {
  return (object, apiVersion) => {
    const schema = [...versions.values()].find((version) => version.apiVersion === apiVersion);
    if (schema === undefined) return undefined;
    const converted = conversion.convert([object], apiVersion);
    if (converted instanceof Promise) return undefined;
    const [result = object] = converted;
    schema.settle(result);
    schema.applyDefaults(result);
    return { object: result, shape: schema.shape };
  };
}

/** The entry of an object that this server has settled, encoded and stored. */
function justWritten(kv: KeyValue, resource: CachedResource, object: KubeObject): Entry {
  return entryFrom(resource, kv.key.slice(resource.prefix.length), kv.modRevision, serveStored(resource.head, kv.value, kv.modRevision), object);
}

/** A stored pair with the defaults of the version it was written at; at the storage version where it can be brought there at once. */
function readStored(kv: KeyValue, resource: CachedResource, storage: VersionSchema, conversion: Conversion, versions: Versions): Entry {
  const key = kv.key.slice(resource.prefix.length);
  const raw = parseServed(Buffer.from(kv.value.buffer, kv.value.byteOffset, kv.value.byteLength));
  const isForeign = raw.apiVersion !== storage.apiVersion;
  const apiVersion = raw.apiVersion ?? storage.apiVersion;
  const own = isForeign ? versions.get(apiVersion.slice(apiVersion.indexOf('/') + 1)) : undefined;
  if (own !== undefined) settleStored(raw, own);
  if (isForeign && !conversion.immediate) {
    const head = kindHead(storage.kind, apiVersion);
    return { ...entryOfObject(resource, head, key, kv.modRevision, raw), head, outdated: true };
  }
  const object = isForeign ? { ...raw, apiVersion: storage.apiVersion } : raw;
  object.kind = storage.kind;
  settleStored(object, storage, own === undefined);
  const encoded = encodeStored(resource.head, object);
  const isOutdated = isForeign || Buffer.compare(encoded, kv.value) !== 0;
  const entry = entryFrom(resource, key, kv.modRevision, serveStored(resource.head, encoded, kv.modRevision), object);
  return isOutdated ? { ...entry, outdated: true } : entry;
}

function settleStored(object: KubeObject, schema: VersionSchema, withDefaults = true): void {
  try {
    schema.settle(object, { fromStore: true });
  } catch (error) {
    // What cannot be coerced is shown as it was stored.
    if (!(error instanceof UnmarshalError)) throw error;
  }
  if (withDefaults) schema.applyDefaults(object);
}

function entryOfObject(resource: CachedResource, head: KindHead, key: string, revision: number, object: KubeObject): Entry {
  return entryFrom(resource, key, revision, serveStored(head, encodeStored(head, object), revision), object);
}

/** The caches of versions that somebody has asked for, by version. */
export type VersionCaches = Map<string, VersionCache>;

/** The served versions over the loaded cache, and the one that is stored. */
export function serveDefinition(plan: DefinitionPlan, base: ResourceCache, caches: VersionCaches): { readonly resources: readonly ServedResource[]; readonly stored: ServedResource } | undefined {
  const all = plan.parts.definition.spec.versions.flatMap((version) => {
    const schema = plan.versions.get(version.name);
    const kind = plan.kinds.get(version.name);
    return schema === undefined || kind === undefined ? [] : [{ version, resource: servedVersion(plan, base, version, schema, kind, caches) }];
  });
  const stored = all.find(({ version }) => version.storage)?.resource;
  return stored === undefined ? undefined : { resources: all.filter(({ version }) => version.served).map(({ resource }) => resource), stored };
}

function servedVersion(
  plan: DefinitionPlan, base: ResourceCache, version: CustomResourceDefinitionVersion, schema: VersionSchema, kind: CustomKind, caches: VersionCaches,
): ServedResource {
  const { definition } = plan.parts;
  const info = infoOf(definition, version, schema);
  const cached = cachedResource(definition, schema, kind.strategy);
  const stored: StoredResource = { ...cached, info, strategy: kind.strategy, handling: kind.handling, versioned: versionedStorage(plan, base, cached, schema, caches) };
  return {
    info,
    ...(isTerminating(definition) ? { toldInfo: { ...info, verbs: verbsOfTerminating } } : {}),
    head: cached.head,
    groupResource: { group: info.group, resource: info.plural },
    groupKind: { group: info.group, kind: info.kind },
    listKind: definition.status?.acceptedNames?.listKind ?? `${info.kind}List`,
    handling: kind.handling,
    stored,
    isStorageVersion: true,
    fromStored: (object) => object,
    toStored: (object) => object,
  };
}

function versionedStorage(plan: DefinitionPlan, base: ResourceCache, cached: CachedResource, schema: VersionSchema, caches: VersionCaches): VersionedStorage {
  const { conversion, clock } = plan.parts;
  const storedHead = plan.stored.head;
  const exists = (key: string): boolean => base.get(key) !== undefined;
  const stores = (object: KubeObject): Promise<KubeObject> | KubeObject => toStorage(plan.storage, conversion, object);
  const first = (objects: readonly KubeObject[], object: KubeObject): KubeObject => objects[0] ?? object;
  const converted = (object: KubeObject): Promise<KubeObject> | KubeObject => {
    const made = converterTo(schema, conversion).convert([object]);
    return made instanceof Promise ? made.then((objects) => first(objects, object)) : first(made, object);
  };
  if (conversion.immediate && schema === plan.storage) {
    return { cache: base, caughtUp: () => undefined, ready: () => undefined, entry: (key) => base.get(key), exists, read: (kv) => readStored(kv, plan.stored, plan.storage, conversion, plan.versions), storedHead, toStored: stores, converted };
  }
  const version = (): VersionCache => {
    const known = caches.get(schema.name);
    if (known !== undefined) return known;
    const made = createVersionCache(base, cached, converterTo(schema, conversion), clock);
    caches.set(schema.name, made);
    return made;
  };
  return {
    get cache() {
      return version().cache;
    },
    caughtUp: () => version().caughtUp(),
    ready: (key) => version().ready(key),
    entry: (key) => version().entry(key),
    exists,
    read: (kv) => version().read(readStored(kv, plan.stored, plan.storage, conversion, plan.versions)),
    storedHead,
    toStored: stores,
    converted,
  };
}

function infoOf(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion, schema: VersionSchema): ResourceInfo {
  const names = definition.status?.acceptedNames ?? definition.spec.names;
  const subresources: SubresourceInfo[] = [];
  if (version.subresources?.status !== undefined) subresources.push({ name: 'status', type: '', verbs: subresourceVerbs });
  if (version.subresources?.scale !== undefined) subresources.push({ name: 'scale', type: 'autoscaling.v1.Scale', verbs: subresourceVerbs });
  const stored = definition.spec.versions.find(({ storage }) => storage);
  return {
    ...(stored === undefined ? {} : { storageVersion: stored.name }),
    group: definition.spec.group,
    version: version.name,
    kind: schema.kind,
    type: undefined,
    plural: names.plural,
    singular: names.singular ?? '',
    namespaced: definition.spec.scope === 'Namespaced',
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs,
    subresources,
  };
}

