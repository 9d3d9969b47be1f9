// OpenAPI documents: closed under references, and telling what kubectl and helm look up.
import { expect, test } from 'vitest';
import { resources, type ResourceInfo } from '#api/resources.ts';
import { WireReader } from '../protobuf/reader.ts';
import { noDescriptions } from './descriptions.ts';
import { openApiDocuments } from './documents.ts';

const crontab: ResourceInfo = {
  group: 'stable.example.com', version: 'v1', kind: 'CronTab', type: undefined, plural: 'crontabs', singular: 'crontab', namespaced: true, shortNames: [], categories: [],
  verbs: ['get', 'list', 'patch', 'create'], subresources: [],
};

function pick(document: unknown, ...path: string[]): unknown {
  let at = document;
  for (const step of path) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined;
  return at;
}

const documents = openApiDocuments({ resources: [...resources, crontab], descriptions: noDescriptions });

async function v3(path: string): Promise<unknown> {
  const document = await documents.groupVersion(path);
  return JSON.parse(Buffer.from((await document?.bytes()) ?? []).toString('utf8'));
}

test('every reference of every document leads somewhere', async () => {
  const index: unknown = JSON.parse(Buffer.from(await (await documents.index()).bytes()).toString('utf8'));
  const paths = Object.keys(pick(index, 'paths') as object);
  expect(paths).toContain('api/v1');
  for (const path of paths) {
    const document = await v3(path);
    const schemas = (pick(document, 'components', 'schemas') ?? {}) as object;
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(references.filter((name) => name === undefined || !(name in schemas)), path).toEqual([]);
  }
});

test('shapes, list types, patch strategies and defaults are told', async () => {
  const spec = pick(await v3('api/v1'), 'components', 'schemas', 'io.k8s.api.core.v1.PodSpec');
  expect(pick(spec, 'properties', 'volumes')).toEqual({
    type: 'array', items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Volume' }, 'x-kubernetes-list-map-keys': ['name'], 'x-kubernetes-list-type': 'map',
    'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-patch-strategy': 'merge,retainKeys',
  });
  expect(pick(spec, 'required')).toEqual(['containers']);
});

test('clients find which parameters a kind takes', async () => {
  const patch = pick(await v3('apis/apps/v1'), 'paths', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}', 'patch');
  expect(pick(patch, 'x-kubernetes-group-version-kind')).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
  expect((pick(patch, 'parameters') as { name: string }[]).map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
});

test('custom resources have documents of their own', async () => {
  const document = await v3('apis/stable.example.com/v1');
  expect(pick(document, 'components', 'schemas', 'com.example.stable.v1.CronTab', 'x-kubernetes-group-version-kind')).toEqual([{ group: 'stable.example.com', version: 'v1', kind: 'CronTab' }]);
  expect(await documents.groupVersion('apis/none/v1')).toBeUndefined();
});

test('documents are made once and carry an ETag', async () => {
  const first = await documents.v2();
  expect(await documents.v2()).toBe(first);
  expect(first.etag).toMatch(/^"[0-9A-F]{128}"$/);
});

/** The values of a length-delimited field of a message. */
function field(message: Uint8Array, number: number): Buffer[] {
  const found: Buffer[] = [];
  const reader = new WireReader(message);
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === number * 8 + 2) found.push(reader.bytes());
    else reader.skip(tag & 7);
  }
  return found;
}

/** Follows field numbers; a name picks the member of that name. */
function walk(message: Uint8Array, ...path: (number | string)[]): string | undefined {
  let at: Buffer[] = [Buffer.from(message)];
  for (const step of path) {
    at = typeof step === 'number' ? at.flatMap((inner) => field(inner, step)) : at.filter((inner) => field(inner, 1)[0]?.toString() === step).flatMap((inner) => field(inner, 2));
  }
  return at[0]?.toString();
}

test('the protobuf of v2 tells the same as its JSON', async () => {
  const bytes = await (await documents.v2('protobuf')).bytes();
  const json: unknown = JSON.parse(Buffer.from(await (await documents.v2()).bytes()).toString('utf8'));
  expect(walk(bytes, 1)).toBe('2.0');
  expect([9, 8].map((section) => field(field(bytes, section)[0] ?? Buffer.alloc(0), section === 9 ? 1 : 2).length)).toEqual([pick(json, 'definitions'), pick(json, 'paths')].map((members) => Object.keys(members as object).length));
  const volumes = [9, 1, 'io.k8s.api.core.v1.PodSpec', 25, 1, 'volumes'] as const;
  expect(walk(bytes, ...volumes, 22, 1)).toBe('array');
  expect(walk(bytes, ...volumes, 23, 1, 1)).toBe('#/definitions/io.k8s.api.core.v1.Volume');
  expect(walk(bytes, ...volumes, 31, 'x-kubernetes-patch-merge-key', 2)).toBe('"name"\n');
  expect(walk(bytes, 8, 2, '/api/v1/namespaces/{namespace}/pods/{name}', 3, 9, 1, '200', 1, 2, 1, 1)).toBe('#/definitions/io.k8s.api.core.v1.Pod');
});

test('the protobuf of v3 tells the same as its JSON', async () => {
  const document = await documents.groupVersion('apis/apps/v1', 'protobuf');
  const bytes = Buffer.from((await document?.bytes()) ?? []);
  const json = await v3('apis/apps/v1');
  expect(walk(bytes, 1)).toBe('3.0.0');
  expect(field(field(bytes, 4)[0] ?? Buffer.alloc(0), 1).length).toBe(Object.keys(pick(json, 'paths') as object).length);
  expect(field(field(field(bytes, 5)[0] ?? Buffer.alloc(0), 1)[0] ?? Buffer.alloc(0), 1).length).toBe(Object.keys(pick(json, 'components', 'schemas') as object).length);
  const spec = [5, 1, 1, 'io.k8s.api.core.v1.PodSpec', 1, 31, 1] as const;
  expect(walk(bytes, ...spec, 'restartPolicy', 1, 25)).toBe('string');
  expect(walk(bytes, ...spec, 'restartPolicy', 1, 24, 2)).toBe('"Always"\n');
  expect(walk(bytes, ...spec, 'affinity', 1, 26, 2, 1)).toBe('#/components/schemas/io.k8s.api.core.v1.Affinity');
  expect(walk(bytes, 4, 1, '/apis/apps/v1/namespaces/{namespace}/deployments/{name}', 5, 7, 1, 2, 1, '*/*', 1, 2, 1)).toBe('#/components/schemas/io.k8s.api.apps.v1.Deployment');
});

test('the prose of a field tells the values it may have, that of a list does not', async () => {
  const told = openApiDocuments({ resources: [...resources], descriptions: { of: () => ({ description: undefined, fields: new Map([['volumeMode', 'How.'], ['accessModes', 'Which.']]) }) } });
  const core: unknown = JSON.parse(Buffer.from((await (await told.groupVersion('api/v1'))?.bytes()) ?? []).toString('utf8'));
  const properties = pick(core, 'components', 'schemas', 'io.k8s.api.core.v1.PersistentVolumeClaimSpec', 'properties');
  expect(pick(properties, 'volumeMode', 'description')).toBe('How.\n\nPossible enum values:\n - `"Block"`\n - `"Filesystem"`');
  expect(pick(properties, 'accessModes', 'description')).toBe('Which.');
  expect(pick(properties, 'volumeMode', 'enum')).toEqual(['Block', 'Filesystem']);
});

test('values are not told where that is turned off', async () => {
  const told = openApiDocuments({ resources: [...resources], enums: false, descriptions: { of: () => ({ description: undefined, fields: new Map([['volumeMode', 'How.']]) }) } });
  const core: unknown = JSON.parse(Buffer.from((await (await told.groupVersion('api/v1'))?.bytes()) ?? []).toString('utf8'));
  const properties = pick(core, 'components', 'schemas', 'io.k8s.api.core.v1.PersistentVolumeClaimSpec', 'properties');
  expect(pick(properties, 'volumeMode')).toEqual({ type: 'string', description: 'How.' });
  expect(pick(properties, 'accessModes', 'items')).toEqual({ type: 'string' });
});
