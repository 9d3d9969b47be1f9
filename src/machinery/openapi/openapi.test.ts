// OpenAPI documents: closed under references, and telling what kubectl and helm look up.
import { expect, test } from 'vitest';
import { resources, type ResourceInfo } from '#api/resources.ts';
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
  return JSON.parse(Buffer.from(document?.bytes ?? []).toString('utf8'));
}

test('every reference of every document leads somewhere', async () => {
  const index: unknown = JSON.parse(Buffer.from(documents.index().bytes).toString('utf8'));
  const paths = Object.keys(pick(index, 'paths') as object);
  expect(paths).toContain('api/v1');
  for (const path of paths) {
    const document = await v3(path);
    const schemas = pick(document, 'components', 'schemas') as object;
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
