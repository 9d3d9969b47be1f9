// A path and its operations in OpenAPI v3.
import type { Operation } from './operations.ts';
import { parameters } from './parameters.ts';
import { referenceTo, type JsonDocument } from './schema-document.ts';

const encodings = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const watchEncodings = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patchEncodings = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'];

function parameter(name: string, place: 'query' | 'path'): JsonDocument {
  const { type, description } = parameters[name] ?? { type: 'string', description: name };
  return { name, in: place, description, ...(place === 'path' ? { required: true } : {}), schema: { type, uniqueItems: true } };
}

function content(types: readonly string[], definition: string): JsonDocument {
  const schema = definition === '' ? { type: 'string' } : referenceTo('v3', definition);
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function answers(operation: Operation): JsonDocument {
  const types = operation.response === '' ? ['*/*'] : operation.action === 'list' ? [...encodings, ...watchEncodings] : encodings;
  const ok = { description: 'OK', content: content(types, operation.response) };
  const created = { description: 'Created', content: content(types, operation.response) };
  const accepted = { description: 'Accepted', content: content(types, operation.response) };
  return {
    200: ok,
    ...(operation.method === 'post' || operation.method === 'put' || operation.method === 'patch' ? { 201: created } : {}),
    ...(operation.method === 'post' || operation.action === 'delete' ? { 202: accepted } : {}),
    401: { description: 'Unauthorized' },
  };
}

/** The document of one path. */
export function renderV3Path(path: string, operations: readonly Operation[]): JsonDocument {
  const out: JsonDocument = {};
  for (const operation of operations) {
    const types = operation.method === 'patch' ? patchEncodings : ['*/*'];
    out[operation.method] = {
      tags: [operation.tag],
      description: operation.description,
      operationId: operation.operationId,
      ...(operation.parameters.length === 0 ? {} : { parameters: operation.parameters.map((name) => parameter(name, 'query')) }),
      ...(operation.body === undefined ? {} : { requestBody: { content: content(types, operation.body), ...(operation.method === 'delete' ? {} : { required: true }) } }),
      responses: answers(operation),
      'x-kubernetes-action': operation.action,
      'x-kubernetes-group-version-kind': operation.gvk,
    };
  }
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter(name, 'path'));
  out['parameters'] = [...inPath, parameter('pretty', 'query')];
  return out;
}
