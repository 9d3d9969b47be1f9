// What may be asked, read from the server's own OpenAPI v2: every operation with its parameters and the schema of its
// body. Resources that appear later (custom ones) appear here by reading again.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

interface Parameter {
  readonly name?: string;
  readonly in?: string;
  readonly schema?: Schema;
  readonly type?: string;
  readonly $ref?: string;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly queries: readonly { readonly name: string; readonly type: string }[];
  readonly body: Schema | undefined;
  /** Told by x-kubernetes-action: get list watch post put patch delete deletecollection connect. */
  readonly action: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string } | undefined;
}

export interface Grammar {
  readonly operations: readonly Operation[];
  readonly definitions: Readonly<Record<string, Schema>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
  readonly parameters?: Readonly<Record<string, Parameter>>;
}

const methods = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options']);

/** @param text The JSON of /openapi/v2. */
export function readGrammar(text: string): Grammar {
  const document = JSON.parse(text) as Document;
  const resolve = (parameter: Parameter): Parameter => (parameter.$ref === undefined ? parameter : (document.parameters?.[parameter.$ref.slice('#/parameters/'.length)] ?? {}));
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    const shared = ((item['parameters'] as readonly Parameter[] | undefined) ?? []).map(resolve);
    for (const [method, value] of Object.entries(item)) {
      if (!methods.has(method)) continue;
      const operation = value as { parameters?: readonly Parameter[]; 'x-kubernetes-action'?: string; 'x-kubernetes-group-version-kind'?: Operation['kind'] };
      const all = [...shared, ...(operation.parameters ?? []).map(resolve)];
      operations.push({
        method: method.toUpperCase(),
        path,
        queries: all.flatMap((p) => (p.in === 'query' && p.name !== undefined ? [{ name: p.name, type: p.type ?? 'string' }] : [])),
        body: all.find((p) => p.in === 'body')?.schema,
        action: operation['x-kubernetes-action'] ?? method,
        kind: operation['x-kubernetes-group-version-kind'],
      });
    }
  }
  return { operations, definitions: document.definitions };
}

/** A schema with its reference followed. */
export function schemaOf(grammar: Grammar, schema: Schema): Schema {
  return schema.$ref === undefined ? schema : (grammar.definitions[schema.$ref.slice('#/definitions/'.length)] ?? {});
}
