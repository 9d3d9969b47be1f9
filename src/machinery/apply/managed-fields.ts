// metadata.managedFields between its wire form and what apply works with: one owned set per manager, where
// a manager is its name, operation, subresource and (for updates) API version. Encoding order, the cap on
// update managers and what counts as valid follow upstream's managedfields package.
import { isObject } from '../patch/json-tree.ts';
import { stringifying } from '../sliced-stringify.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import type { ManagedFieldsEntry } from '#api/meta/v1.ts';
import { difference, isEmptySet, leaf, union, type FieldSet, type FieldSetBuilder } from './field-set.ts';
import { derivedOnce, isShared, metAgain, setText } from './shared-sets.ts';
import { parseFieldSet, sortedSet } from './written-set.ts';

export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Managers by identity, as `managerKey` spells it. */
export type Managers = ReadonlyMap<string, Manager>;

export class ManagedFieldsError extends Error {}

/** What makes two entries one manager: appliers keep their identity over API versions. */
export function managerKey(manager: Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const version = manager.operation === 'Apply' ? '' : manager.apiVersion;
  return `${manager.name}\u0000${manager.operation}\u0000${version}\u0000${manager.subresource}`;
}

/** Reads the wire form. Throws ManagedFieldsError with upstream's text for entries that make no sense. */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | null | undefined): Map<string, Manager> {
  const managers = new Map<string, Manager>();
  let i = -1;
  for (const entry of entries ?? []) {
    i++;
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') throw new ManagedFieldsError('operation must be `Apply` or `Update`');
    if (entry.apiVersion === undefined || entry.apiVersion === '') throw new ManagedFieldsError('apiVersion must not be empty');
    if (entry.fieldsType !== 'FieldsV1') {
      const type = entry.fieldsType ?? '';
      throw new ManagedFieldsError(type === '' ? `missing fieldsType in managed fields entry ${i}` : `invalid fieldsType ${JSON.stringify(type)} in managed fields entry ${i}`);
    }
    let fields: FieldSet;
    try {
      fields = parseFieldSet(entry.fieldsV1);
    } catch (cause) {
      throw new ManagedFieldsError(`error decoding set: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    const manager: Manager = {
      name: entry.manager ?? '',
      operation: entry.operation,
      apiVersion: entry.apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields,
    };
    managers.set(managerKey(manager), manager);
  }
  return managers;
}

/** The wire form, in upstream's order; undefined when nobody owns anything. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  return atOnce(encodingManagers(managers));
}

/** As encodeManagers, in slices: each set is sorted in one of its own. */
export function* encodingManagers(managers: Managers): Sliced<ManagedFieldsEntry[] | undefined> {
  if (managers.size === 0) return undefined;
  const entries: ManagedFieldsEntry[] = [];
  for (const manager of [...managers.values()].sort(compareManagers)) {
    yield;
    const entry: ManagedFieldsEntry = { manager: manager.name, operation: manager.operation, apiVersion: manager.apiVersion };
    if (manager.time !== undefined && manager.time !== null) entry.time = manager.time;
    entry.fieldsType = 'FieldsV1';
    entry.fieldsV1 = metAgain(sortedSet(manager.fields));
    if (manager.subresource !== '') entry.subresource = manager.subresource;
    entries.push(entry);
  }
  yield;
  return entries;
}

function seconds(time: string | undefined): number {
  const ms = parseTime(time);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

/** Fields that belong to nobody: identity and what the server itself keeps. */
const unowned: FieldSet = {
  'f:apiVersion': leaf,
  'f:kind': leaf,
  'f:metadata': {
    '.': leaf,
    'f:name': leaf,
    'f:namespace': leaf,
    'f:creationTimestamp': leaf,
    'f:selfLink': leaf,
    'f:uid': leaf,
    'f:clusterName': leaf,
    'f:generation': leaf,
    'f:managedFields': leaf,
    'f:resourceVersion': leaf,
  },
};

/** The set without identity fields and what the server keeps. */
export function withoutUnowned(fields: FieldSet): FieldSet {
  return isShared(fields) ? (derivedOnce(fields, takeUnowned) ?? leaf) : takeUnowned(fields);
}

function takeUnowned(fields: FieldSet): FieldSet {
  const metadata = fields['f:metadata'];
  if (metadata === undefined || metadata === leaf || !isShared(metadata)) return difference(fields, unowned);
  // As on every create: metadata of one make is looked at once.
  const out: FieldSetBuilder = {};
  for (const key in fields) {
    const node = key === 'f:metadata' ? derivedOnce(metadata, ownedMetadata) : fields[key];
    if (node === undefined || (isEmptySet(node) && (key === 'f:apiVersion' || key === 'f:kind'))) continue;
    out[key] = node;
  }
  return out as FieldSet;
}

function ownedMetadata(metadata: FieldSet): FieldSet | undefined {
  return difference({ 'f:metadata': metadata }, unowned)['f:metadata'];
}

/** What stands before the value of each member. */
const memberStarts: ReadonlyMap<string, string> = new Map(['manager', 'operation', 'apiVersion', 'time', 'fieldsType', 'fieldsV1', 'subresource'].map((name) => [name, `${JSON.stringify(name)}:`]));

/** Texts that JSON writes as they are. */
const plainText = /^[ !#-[\]-~]*$/;

/**
 * metadata.managedFields as JSON: most of what a small object is.
 * @param met Told of each set of fields and its text.
 */
export function managersText(entries: readonly ManagedFieldsEntry[], met?: (text: string, set: object) => void): string {
  let text = '';
  for (const entry of entries) {
    let members = '';
    for (const name in entry) {
      const value = entry[name as keyof ManagedFieldsEntry];
      if (value === undefined) continue;
      const isSet = name === 'fieldsV1';
      const valueText = isSet ? setText(value) : typeof value === 'string' && plainText.test(value) ? `"${value}"` : JSON.stringify(value);
      if (isSet && isObject(value)) met?.(valueText, value);
      members += `${members === '' ? '' : ','}${memberStarts.get(name) ?? `${JSON.stringify(name)}:`}${valueText}`;
    }
    text += `${text === '' ? '' : ','}{${members}}`;
  }
  return `[${text}]`;
}

/** As managersText, with pauses. */
export function* writingManagers(entries: readonly ManagedFieldsEntry[]): Sliced<string> {
  const texts: string[] = [];
  for (const entry of entries) texts.push(isObject(entry.fieldsV1) && !isShared(entry.fieldsV1 as FieldSet) ? yield* stringifying(entry) : managersText([entry]).slice(1, -1));
  return `[${texts.join(',')}]`;
}

export function nowText(nowMs: number): string {
  return rfc3339(nowMs);
}

const maxUpdateManagers = 10;
const bucketName = 'ancient-changes';

/** Merges the oldest update managers of one API version into "ancient-changes" while there are more than ten. */
export function capUpdateManagers(managers: Map<string, Manager>): void {
  let count = 0;
  for (const manager of managers.values()) if (manager.operation === 'Update') count++;
  if (count <= maxUpdateManagers) return;
  const oldest = [...managers.entries()]
    .filter(([, manager]) => manager.operation === 'Update')
    .sort(([leftKey, a], [rightKey, b]) => seconds(a.time) - seconds(b.time) || compareText(leftKey, rightKey));
  const firstOfVersion = new Map<string, string>();
  for (const [key, manager] of oldest) {
    if (count <= maxUpdateManagers) return;
    const first = firstOfVersion.get(manager.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, key);
      continue;
    }
    const bucket: Manager = { name: bucketName, operation: 'Update', apiVersion: manager.apiVersion, subresource: '', time: manager.time, fields: leaf };
    const bucketKey = managerKey(bucket);
    let collected = managers.get(bucketKey);
    if (collected === undefined) {
      collected = managers.get(first) ?? bucket;
      managers.delete(first);
    }
    managers.delete(key);
    managers.set(bucketKey, { ...bucket, fields: union(manager.fields, collected.fields) });
    count--;
  }
}

/** Drops managers that own nothing any more. */
export function dropEmpty(managers: Map<string, Manager>): void {
  for (const [key, manager] of managers) if (isEmptySet(manager.fields)) managers.delete(key);
}
