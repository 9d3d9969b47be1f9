// The schemas of kinds by resource and by name: built-in ones from the API's tables, custom ones from what the API
// server publishes as OpenAPI.
import { resources, type ResourceInfo } from '#api/resources.ts';
import { asSchema, cel, parseJson, parseStructural } from '#machinery';
import type { Client } from '#client';

export interface KindSchemas {
  byResource(resource: cel.CheckedResource): Promise<cel.CheckedKind | undefined>;
  byKind(apiVersion: string, kind: string): Promise<cel.SchemaNode | undefined>;
}

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a document says of a kind: its schema, with the metadata that every object has. */
function nodeOf(document: Json, apiVersion: string, kind: string): cel.SchemaNode | undefined {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const schemas = isJson(document.components) && isJson(document.components.schemas) ? Object.values(document.components.schemas) : [];
  const isKind = (entry: unknown): boolean => isJson(entry) && entry.group === group && entry.version === version && entry.kind === kind;
  const found = schemas.find((schema) => isJson(schema) && Array.isArray(schema['x-kubernetes-group-version-kind']) && schema['x-kubernetes-group-version-kind'].some(isKind));
  if (!isJson(found)) return undefined;
  const { metadata: _, ...properties } = isJson(found.properties) ? found.properties : {};
  const parsed = asSchema({ ...found, properties });
  return parsed === undefined ? undefined : cel.resourceNode(parseStructural(parsed));
}

export function kindSchemas(client: Pick<Client, 'raw'>): KindSchemas {
  const document = async (apiVersion: string): Promise<Json | undefined> => {
    const path = apiVersion.includes('/') ? `/openapi/v3/apis/${apiVersion}` : `/openapi/v3/api/${apiVersion}`;
    try {
      const parsed = parseJson(await client.raw('GET', path)).value;
      return isJson(parsed) ? parsed : undefined;
    } catch {
      return undefined;
    }
  };
  const builtIn = (wanted: (info: ResourceInfo) => boolean): ResourceInfo | undefined => resources.find(wanted);
  const versionOf = ({ group, version }: { readonly group: string; readonly version: string }): string => (group === '' ? version : `${group}/${version}`);
  return {
    async byResource({ group, version, resource }) {
      const info = builtIn((each) => each.group === group && each.version === version && each.plural === resource);
      if (info?.type !== undefined) return { group, version, kind: info.kind, node: cel.builtInNode(info.type) };
      const apiVersion = versionOf({ group, version });
      const kind = await customKind(client, apiVersion, resource);
      const told = kind === undefined ? undefined : await document(apiVersion);
      const node = told === undefined || kind === undefined ? undefined : nodeOf(told, apiVersion, kind);
      return node === undefined || kind === undefined ? undefined : { group, version, kind, node };
    },
    async byKind(apiVersion, kind) {
      const info = builtIn((each) => versionOf(each) === apiVersion && each.kind === kind);
      if (info?.type !== undefined) return cel.builtInNode(info.type);
      const told = await document(apiVersion);
      return told === undefined ? undefined : nodeOf(told, apiVersion, kind);
    },
  };
}

/** The kind behind a resource that discovery shows. */
async function customKind(client: Pick<Client, 'raw'>, apiVersion: string, resource: string): Promise<string | undefined> {
  try {
    const list = parseJson(await client.raw('GET', `/apis/${apiVersion}`)).value;
    const found = isJson(list) && Array.isArray(list.resources) ? list.resources.find((each) => isJson(each) && each.name === resource) : undefined;
    return isJson(found) && typeof found.kind === 'string' ? found.kind : undefined;
  } catch {
    return undefined;
  }
}
