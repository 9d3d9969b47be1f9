// A path and its operations in OpenAPI v2 (Swagger).
import type { Operation } from './operations.ts';
import { parameters } from './parameters.ts';
import { referenceTo, type JsonDocument } from './schema-document.ts';

const encodings = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const watchEncodings = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patchEncodings = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];

function parameter(name: string, place: 'query' | 'path'): JsonDocument {
  const { type, description } = parameters[name] ?? { type: 'string', description: name };
  return { name, in: place, description, ...(place === 'path' ? { required: true } : {}), type, uniqueItems: true };
}

function answers(operation: Operation): JsonDocument {
  const schema = operation.response === '' ? { type: 'string' } : referenceTo('v2', operation.response);
  return {
    200: { description: 'OK', schema },
    ...(operation.method === 'post' || operation.method === 'put' || operation.method === 'patch' ? { 201: { description: 'Created', schema } } : {}),
    ...(operation.method === 'post' || operation.action === 'delete' ? { 202: { description: 'Accepted', schema } } : {}),
    401: { description: 'Unauthorized' },
  };
}

/** The document of one path. */
export function renderV2Path(path: string, operations: readonly Operation[]): JsonDocument {
  const out: JsonDocument = {};
  for (const operation of operations) {
    const body = operation.body === undefined ? [] : [{ name: 'body', in: 'body', ...(operation.method === 'delete' ? {} : { required: true }), schema: referenceTo('v2', operation.body) }];
    out[operation.method] = {
      consumes: operation.method === 'patch' ? patchEncodings : ['*/*'],
      produces: operation.response === '' ? ['*/*'] : operation.action === 'list' ? [...encodings, ...watchEncodings] : encodings,
      schemes: ['https'],
      tags: [operation.tag],
      description: operation.description,
      operationId: operation.operationId,
      parameters: [...body, ...operation.parameters.map((name) => parameter(name, 'query'))],
      responses: answers(operation),
      'x-kubernetes-action': operation.action,
      'x-kubernetes-group-version-kind': operation.gvk,
    };
  }
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter(name, 'path'));
  out['parameters'] = [...inPath, parameter('pretty', 'query')];
  return out;
}
