// A path and its operations in OpenAPI v2 (Swagger).
import type { Operation } from './operations.ts';
import { parameters } from './parameters.ts';
import { pathParameters, type PlacedParameter } from './path-parameters.ts';
import { referenceTo, type JsonDocument } from './schema-document.ts';

function parameter({ name, place }: PlacedParameter): JsonDocument {
  const { type, description } = parameters[name] ?? { type: 'string', description: name };
  return { name, in: place, description, ...(place === 'path' ? { required: true } : {}), type, uniqueItems: true };
}

function answers(operation: Operation): JsonDocument {
  const schema = operation.response === '' ? { type: 'string' } : referenceTo('v2', operation.response);
  const out: JsonDocument = { 200: { description: 'OK', schema } };
  for (const code of operation.alsoAnswers) out[code] = { description: code === 201 ? 'Created' : 'Accepted', schema };
  out['401'] = { description: 'Unauthorized' };
  return out;
}

/** The document of one path. */
export function renderV2Path(path: string, operations: readonly Operation[]): JsonDocument {
  const out: JsonDocument = {};
  const placed = pathParameters(path, operations);
  for (const operation of operations) {
    const { body } = operation;
    const sent = body === undefined ? [] : [{ name: 'body', in: 'body', ...(operation.method === 'delete' ? {} : { required: true }), schema: referenceTo('v2', body) }];
    const own = [...sent, ...placed.own(operation).map(parameter)];
    out[operation.method] = {
      ...(operation.consumes.length === 0 ? {} : { consumes: operation.consumes }),
      produces: operation.produces,
      schemes: ['https'],
      tags: [operation.tag],
      description: operation.description,
      operationId: operation.operationId,
      ...(own.length === 0 ? {} : { parameters: own }),
      responses: answers(operation),
      ...(operation.action === undefined ? {} : { 'x-kubernetes-action': operation.action }),
      ...(operation.gvk === undefined ? {} : { 'x-kubernetes-group-version-kind': operation.gvk }),
    };
  }
  if (placed.shared.length > 0) out['parameters'] = placed.shared.map(parameter);
  return out;
}
