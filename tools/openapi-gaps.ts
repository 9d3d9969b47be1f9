// `npm run gen -- --check --openapi <swagger.json> [--openapi-v3 <folder>]`: does what we serve equal upstream's OpenAPI
// in paths, operations, parameters, types, formats, list types, keys, patch strategies, enums, required and defaults?
// Descriptions may differ. Upstream's files are not part of the project: a checkout of kubernetes has them in
// api/openapi-spec, a running server at /openapi. What may differ is listed in `justified`; the list of gaps is empty.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allResources, resources } from '../src/api/resources.ts';
import { openApiDocuments, type OpenApiDocuments } from '../src/machinery/openapi/documents.ts';
import { noDescriptions } from '../src/machinery/openapi/descriptions.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Path patterns of differences that are meant, each with its reason. */
const justified: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^info\/version$/, 'published files say "unversioned"'],
  [/^paths\/~1logs~1/, 'the handler of log files is off unless asked for'],
  [/^parameters($|\/)/, 'shared parameters are written in place'],
  [/\/(produces|consumes)$/, 'published files are made with the CBOR feature on'],
  [/\/content\/application~1(cbor|cbor-seq|apply-patch\+cbor)$/, 'published files are made with the CBOR feature on'],
];

/** Differences that wait to be closed. */
const gaps: readonly string[] = [];

/** Without prose, and with shared parameters in place. */
function bare(value: Json, parameters: JsonObject): Json {
  if (Array.isArray(value)) return value.map((item: Json) => bare(item, parameters));
  if (!isJsonObject(value)) return value;
  const reference = value['$ref'];
  if (typeof reference === 'string' && reference.startsWith('#/parameters/')) return bare(parameters[reference.slice('#/parameters/'.length)] ?? null, parameters);
  return Object.fromEntries(Object.entries(value).filter(([name, member]) => name !== 'description' || typeof member !== 'string').map(([name, member]) => [name, bare(member, parameters)]));
}

function canonical(value: Json): string {
  return JSON.stringify(value, (_, inner: Json) => (isJsonObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));
}

/** Our files have enums; published ones are made without. */
function withoutEnums(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutEnums);
  if (!isJsonObject(value)) return value;
  const keep = ([name, member]: [string, Json]): boolean => name !== 'enum' || !Array.isArray(member);
  return Object.fromEntries(Object.entries(value).filter(keep).map(([name, member]) => [name, withoutEnums(member)]));
}

function hasEnums(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasEnums);
  return isJsonObject(value) && Object.entries(value).some(([name, member]) => (name === 'enum' && Array.isArray(member)) || hasEnums(member));
}

function compare(theirs: Json | undefined, ours: Json | undefined, at: string, into: string[]): void {
  if (justified.some(([pattern]) => pattern.test(at))) return;
  if (isJsonObject(theirs) && isJsonObject(ours)) {
    for (const name of new Set([...Object.keys(theirs), ...Object.keys(ours)])) compare(theirs[name], ours[name], `${at}${at === '' ? '' : '/'}${name.replaceAll('/', '~1')}`, into);
  } else if (theirs === undefined) into.push(`${at}: only ours`);
  else if (ours === undefined) into.push(`${at}: missing`);
  else if (canonical(theirs) !== canonical(ours)) into.push(`${at}: ${canonical(ours)} instead of ${canonical(theirs)}`);
}

function differences(theirs: Json, ours: Json): string[] {
  const found: string[] = [];
  const plain = (document: Json): Json => {
    const parameters = isJsonObject(document) ? document['parameters'] : undefined;
    return bare(document, isJsonObject(parameters) ? parameters : {});
  };
  compare(plain(theirs), plain(hasEnums(theirs) ? ours : withoutEnums(ours)), '', found);
  return found.filter((line) => !gaps.includes(line));
}

function readJson(file: string): Json {
  return JSON.parse(readFileSync(file, 'utf8')) as Json;
}

/** The documents of a server that serves what the file tells of: everything, or what is on by default. */
function documentsLike(swagger: Json): OpenApiDocuments {
  const paths = isJsonObject(swagger) ? swagger['paths'] : undefined;
  const all = isJsonObject(paths) && '/apis/internal.apiserver.k8s.io/' in paths;
  return openApiDocuments({ resources: all ? allResources : resources, descriptions: noDescriptions, serverVersion: '1.36' });
}

async function parsed(document: { bytes(): Promise<Uint8Array> } | undefined): Promise<Json> {
  return document === undefined ? null : (JSON.parse(Buffer.from(await document.bytes()).toString('utf8')) as Json);
}

/** Every difference that nobody has justified, one text each. */
export async function openApiGaps(swaggerFile: string, v3Folder?: string): Promise<string[]> {
  const swagger = readJson(swaggerFile);
  const documents = documentsLike(swagger);
  const found = differences(swagger, await parsed(await documents.v2())).map((line) => `v2 ${line}`);
  if (v3Folder === undefined) return found;
  const index = await parsed(await documents.index());
  const names = isJsonObject(index) && isJsonObject(index['paths']) ? Object.keys(index['paths']) : [];
  const files = readdirSync(v3Folder).filter((file) => file.endsWith('_openapi.json'));
  for (const name of names) {
    const file = join(v3Folder, `${name.replaceAll('/', '__')}_openapi.json`);
    if (existsSync(file)) found.push(...differences(readJson(file), await parsed(await documents.groupVersion(name))).map((line) => `v3 ${name} ${line}`));
    else found.push(`v3 ${name}: only ours`);
  }
  const known = new Set(names.map((name) => `${name.replaceAll('/', '__')}_openapi.json`));
  return [...found, ...files.filter((file) => !known.has(file) && file !== 'logs_openapi.json').map((file) => `v3 ${file}: missing`)];
}
