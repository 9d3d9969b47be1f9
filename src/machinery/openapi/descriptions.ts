// The prose of types and fields. It is not kept in this project: it is read, type by type and only when a
// document is asked for, from the doc comments of the official TypeScript models (@kubernetes/client-node), or
// from a compressed cache that a build wrote from them. Without either, documents have no descriptions. The models leave
// out what a field that refers to a type says by itself; where `kubernetes-types` is installed, it fills these in.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { tables, typeNames } from '#api/schema.ts';

export interface TypeDescription {
  readonly description: string | undefined;
  /** By JSON field name. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface Descriptions {
  /** "core.v1.Pod" */
  of(type: string): TypeDescription | undefined;
}

export const noDescriptions: Descriptions = { of: () => undefined };

/**
 * Reads doc comments from the folder of models; undefined files give no description.
 * @param typesDir The folder of `kubernetes-types`: fields of which the models say nothing.
 */
export function descriptionsFromModels(modelsDir: string, typesDir?: string): Descriptions {
  const known = new Map<string, TypeDescription | undefined>();
  const interfaces = new Map<string, ReadonlyMap<string, ReadonlyMap<string, string>>>();
  const fieldsOf = (type: string): ReadonlyMap<string, string> | undefined => {
    if (typesDir === undefined) return undefined;
    const [pkg = '', version = '', kind = ''] = type.split('.');
    const file = join(typesDir, pkg, `${version}.d.ts`);
    let found = interfaces.get(file);
    if (found === undefined) {
      found = existsSync(file) ? parseInterfaces(readFileSync(file, 'utf8')) : new Map();
      interfaces.set(file, found);
    }
    return found.get(kind);
  };
  const read = (type: string): TypeDescription | undefined => {
    const model = readModel(modelsDir, type);
    const more = model === undefined ? undefined : fieldsOf(type);
    return model === undefined || more === undefined ? model : { description: model.description, fields: new Map([...more, ...model.fields]) };
  };
  return {
    of(type) {
      if (!known.has(type)) known.set(type, read(type));
      return known.get(type);
    },
  };
}

const interfaceBlock = /export interface (\w+) \{\n([\s\S]*?)\n\}/g;
const memberComment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:readonly )?"?([\w$-]+)"?\??:/g;

/** The fields' comments of every interface of a declaration file. */
function parseInterfaces(text: string): Map<string, ReadonlyMap<string, string>> {
  const found = new Map<string, ReadonlyMap<string, string>>();
  for (const [, name = '', body = ''] of text.matchAll(interfaceBlock)) {
    found.set(name, new Map([...body.matchAll(memberComment)].map(([, comment = '', field = '']) => [field, commentText(comment)] as const)));
  }
  return found;
}

/** Reads a cache written by `packDescriptions`. */
export function descriptionsFromCache(file: string): Descriptions {
  let packed: Packed | undefined;
  return {
    of(type) {
      packed ??= JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Packed;
      const entry = packed[type];
      return entry === undefined ? undefined : { description: entry[0] === '' ? undefined : entry[0], fields: new Map(Object.entries(entry[1])) };
    },
  };
}

type Packed = Readonly<Record<string, readonly [description: string, fields: Readonly<Record<string, string>>]>>;

/** All descriptions, compressed, for a build that leaves the models behind. */
export function packDescriptions(descriptions: Descriptions): Uint8Array {
  const packed: Record<string, [string, Record<string, string>]> = {};
  for (const pkg of Object.keys(tables)) {
    for (const name of typeNames(pkg)) {
      const found = descriptions.of(`${pkg}.${name}`);
      if (found !== undefined) packed[`${pkg}.${name}`] = [found.description ?? '', Object.fromEntries(found.fields)];
    }
  }
  return gzipSync(JSON.stringify(packed), { level: 9 });
}

/** The best source at hand: `cacheFile` if it exists, else the installed models, else none. */
export function findDescriptions(cacheFile?: string): Descriptions {
  if (cacheFile !== undefined && existsSync(cacheFile)) return descriptionsFromCache(cacheFile);
  try {
    const entry = createRequire(import.meta.url).resolve('@kubernetes/client-node');
    const models = join(dirname(entry), 'gen', 'models');
    const types = join(entry.slice(0, entry.lastIndexOf('node_modules')), 'node_modules', 'kubernetes-types');
    return existsSync(models) ? descriptionsFromModels(models, existsSync(types) ? types : undefined) : noDescriptions;
  } catch {
    return noDescriptions;
  }
}

function readModel(dir: string, type: string): TypeDescription | undefined {
  const [pkg = '', version = '', kind = ''] = type.split('.');
  const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  for (const name of [`${capital(pkg)}${capital(version)}${kind}`, `${capital(version)}${kind}`, kind]) {
    const file = join(dir, `${name}.d.ts`);
    if (existsSync(file)) return parseModel(readFileSync(file, 'utf8'));
  }
  return undefined;
}

const classComment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export declare class/;
const fieldComment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*'([^']+)'\??:/g;

function parseModel(text: string): TypeDescription {
  const fields = new Map<string, string>();
  const body = text.slice(text.indexOf('export declare class'));
  for (const [, comment = '', name = ''] of body.matchAll(fieldComment)) {
    const plain = name.startsWith('x_kubernetes_') ? name.replaceAll('_', '-') : name.replace(/^[_$](?=[a-z])/, (c) => (c === '$' ? '$' : ''));
    fields.set(plain, commentText(comment));
  }
  const comment = classComment.exec(text)?.[1];
  return { description: comment === undefined ? undefined : commentText(comment), fields };
}

function commentText(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
    .replace(/\\(['"\\`])/g, '$1')
    .replaceAll('*_/', '*/');
}
