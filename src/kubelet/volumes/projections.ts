// Payloads from ConfigMaps, Secrets and the downward API: which keys become which files with which modes.
// Shared by the plugins of these names and by projected volumes. Pure but for reading the objects.
import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Secret } from '#api/core/v1.ts';
import { isNotFound } from '#machinery';
import { findContainer, namespaceOf } from '../pod.ts';
import { fieldValue, resourceValue } from '../container/field-values.ts';
import type { ProjectedFile } from './atomic-writer.ts';
import type { VolumeContext } from './contract.ts';

export const defaultFileMode = 0o644;

type Files = Map<string, ProjectedFile>;

function pick(all: ReadonlyMap<string, Uint8Array>, items: readonly KeyToPath[] | undefined, mode: number, optional: boolean, missing: (key: string) => string): Files {
  const files: Files = new Map();
  if (items === undefined || items.length === 0) {
    for (const [key, data] of all) files.set(key, { data, mode });
    return files;
  }
  for (const item of items) {
    const data = all.get(item.key);
    if (data === undefined) {
      if (optional) continue;
      throw new Error(missing(item.key));
    }
    files.set(item.path, { data, mode: item.mode ?? mode });
  }
  return files;
}

async function readOptional<T>(optional: boolean, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (optional && isNotFound(error)) return undefined;
    throw error;
  }
}

function configMapData(map: ConfigMap | undefined): Map<string, Uint8Array> {
  const all = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(map?.data ?? {})) all.set(key, Buffer.from(text));
  for (const [key, base64] of Object.entries(map?.binaryData ?? {})) all.set(key, Buffer.from(base64, 'base64'));
  return all;
}

const secretData = (secret: Secret | undefined): Map<string, Uint8Array> => new Map(Object.entries(secret?.data ?? {}).map(([key, base64]) => [key, Buffer.from(base64, 'base64')]));

export interface ObjectSource {
  readonly name: string;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean;
  readonly mode: number;
}

export async function configMapFiles(context: VolumeContext, source: ObjectSource): Promise<Files> {
  const map = await readOptional(source.optional, () => context.reader.configMap(namespaceOf(context.pod), source.name));
  return pick(configMapData(map), source.items, source.mode, source.optional, (key) => `configmap references non-existent config key: ${key}`);
}

export async function secretFiles(context: VolumeContext, source: ObjectSource): Promise<Files> {
  const secret = await readOptional(source.optional, () => context.reader.secret(namespaceOf(context.pod), source.name));
  return pick(secretData(secret), source.items, source.mode, source.optional, (key) => `references non-existent secret key: ${key}`);
}

export function downwardFiles(context: VolumeContext, items: readonly DownwardAPIVolumeFile[], mode: number): Files {
  const files: Files = new Map();
  for (const item of items) {
    const own = item.resourceFieldRef?.containerName === undefined ? undefined : findContainer(context.pod, item.resourceFieldRef.containerName);
    const text = item.fieldRef !== undefined ? fieldValue(item.fieldRef, context.pod, context.fields)
      : item.resourceFieldRef !== undefined ? resourceValue(item.resourceFieldRef, context.pod, own, context.fields) : '';
    files.set(item.path.replace(/^\/+/, ''), { data: Buffer.from(text), mode: item.mode ?? mode });
  }
  return files;
}
