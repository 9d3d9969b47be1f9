// Applies manifest files as `up -f` and the bundled example need it: every document of every file, by
// server-side apply, namespaces and definitions first, with one retry round for what depends on the rest.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { errorText } from '#base/errors.ts';
import { findKind } from '#api/resources.ts';
import type { ApiObject, Client } from '#client';
import { UserError } from './user-error.ts';

interface ManifestObject extends ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; namespace?: string };
}

function isManifestObject(value: unknown): value is ManifestObject {
  const object = value as Partial<ManifestObject> | null;
  return typeof object?.apiVersion === 'string' && typeof object.kind === 'string' && typeof object.metadata?.name === 'string';
}

/** Reads a file, or every .yaml, .yml and .json file of a folder in name order. */
export function readManifests(path: string): ManifestObject[] {
  if (statSync(path).isDirectory()) {
    const files = readdirSync(path).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
    return files.flatMap((name) => readManifests(join(path, name)));
  }
  const documents = loadAll(readFileSync(path, 'utf8')).filter((doc) => doc !== null && doc !== undefined);
  for (const doc of documents) {
    if (!isManifestObject(doc)) throw new UserError(`${path}: a document has no apiVersion, kind or metadata.name`, 'correct the file, then run the same command again');
  }
  return documents as ManifestObject[];
}

const first = ['Namespace', 'CustomResourceDefinition', 'PriorityClass', 'ServiceAccount', 'ConfigMap', 'Secret', 'Service'];

function rank(object: ManifestObject): number {
  const at = first.indexOf(object.kind);
  return at < 0 ? first.length : at;
}

/** Applies the objects under the field manager "skiff". Returns how many there were. */
export async function applyManifests(client: Client, objects: readonly ManifestObject[], signal?: AbortSignal): Promise<number> {
  const ordered = objects.map((object, i) => ({ object, i })).sort((a, b) => rank(a.object) - rank(b.object) || a.i - b.i);
  for (const { object } of ordered) {
    const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
    const info = findKind(group ?? '', version ?? '', object.kind);
    if (info === undefined) throw new UserError(`${object.apiVersion} ${object.kind} ${object.metadata.name}: the cluster serves no such kind`, 'check apiVersion and kind');
    const resource = client.forInfo<ApiObject>(info);
    const scoped = info.namespaced ? resource.in(object.metadata.namespace ?? 'default') : resource;
    try {
      await scoped.patch(object.metadata.name, 'apply', object, { fieldManager: 'skiff', force: true, signal });
    } catch (error) {
      throw new UserError(`${object.kind} ${object.metadata.name}: ${errorText(error)}`, 'correct the manifest, then run the same command again', error);
    }
  }
  return ordered.length;
}
