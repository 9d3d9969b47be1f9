// A path and its operations in OpenAPI v3.
import type { Operation } from './operations.ts';
import { parameters } from './parameters.ts';
import { pathParameters, type PlacedParameter } from './path-parameters.ts';
import { referenceTo, type JsonDocument } from './schema-document.ts';

function parameter({ name, place }: PlacedParameter): JsonDocument {
  const { type, description } = parameters[name] ?? { type: 'string', description: name };
  return { name, in: place, description, ...(place === 'path' ? { required: true } : {}), schema: { type, uniqueItems: true } };
}

function content(types: readonly string[], definition: string): JsonDocument {
  const schema = definition === '' ? { type: 'string' } : referenceTo('v3', definition);
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function answers(operation: Operation): JsonDocument {
  const out: JsonDocument = { 200: { description: 'OK', content: content(operation.produces, operation.response) } };
  for (const code of operation.alsoAnswers) out[code] = { description: code === 201 ? 'Created' : 'Accepted', content: content(operation.produces, operation.response) };
  out['401'] = { description: 'Unauthorized' };
  return out;
}

/** The document of one path. */
export function renderV3Path(path: string, operations: readonly Operation[]): JsonDocument {
  const out: JsonDocument = {};
  const placed = pathParameters(path, operations);
  for (const operation of operations) {
    const own = placed.own(operation);
    out[operation.method] = {
      tags: [operation.tag],
      description: operation.description,
      operationId: operation.operationId,
      ...(own.length === 0 ? {} : { parameters: own.map(parameter) }),
      ...(operation.body === undefined ? {} : { requestBody: { content: content(operation.consumes, operation.body), ...(operation.method === 'delete' ? {} : { required: true }) } }),
      responses: answers(operation),
      ...(operation.action === undefined ? {} : { 'x-kubernetes-action': operation.action }),
      ...(operation.gvk === undefined ? {} : { 'x-kubernetes-group-version-kind': operation.gvk }),
    };
  }
  if (placed.shared.length > 0) out['parameters'] = placed.shared.map(parameter);
  return out;
}
