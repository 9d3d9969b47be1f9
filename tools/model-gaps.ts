// The proof that needs no network and no checkout: every field of the official TypeScript rendering of the API
// (@kubernetes/client-node, made from upstream's OpenAPI of the same release) is in our field tables with the same
// shape, type, format and requiredness, and no field of ours is missing there.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { allResources } from '../src/api/resources.ts';
import { findType, isScalar, tables, typeNames, typeOf, type FieldSchema } from '../src/api/schema.ts';

const models = join(dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node')), 'gen/models');

const scalarTypes: Readonly<Record<string, string>> = {
  string: 'string', bool: 'boolean', int32: 'number/int32', int64: 'number/int64', double: 'number/double', bytes: 'string/byte', time: 'Date/date-time', microTime: 'V1MicroTime/date-time-micro',
  duration: 'string', quantity: 'string', intOrString: 'IntOrString/int-or-string', rawExtension: 'any', fieldsV1: 'any',
};

const unions: ReadonlySet<string> = new Set(['JSON', 'JSONSchemaPropsOrArray', 'JSONSchemaPropsOrBool', 'JSONSchemaPropsOrStringArray'].map((name) => `apiextensions.v1.${name}`));

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Types of one name in several packages carry the package's name in front. */
function modelOf(type: string): string | undefined {
  const [pkg = '', version = '', kind = ''] = type.split('.');
  return [`${capital(pkg)}${capital(version)}${kind}`, `${capital(version)}${kind}`].find((name) => existsSync(join(models, `${name}.d.ts`)));
}

function ourType(field: FieldSchema): string {
  const item = unions.has(field.type) ? 'any' : isScalar(field.type) ? (scalarTypes[field.type] ?? '?') : (modelOf(field.type) ?? (typeOf(field.type).fields.length === 0 ? 'any' : '?'));
  const [type = '', format] = item.split('/');
  const suffix = format === undefined ? '' : `/${format}`;
  if (field.shape === 'list') return `Array<${type}>${suffix}`;
  if (field.shape === 'map') return `{ [key: string]: ${type}; }${suffix}`;
  if (field.shape === 'listMap') return `{ [key: string]: Array<${type}>; }${suffix}`;
  return `${type}${suffix}`;
}

interface ModelField {
  readonly type: string;
  readonly required: boolean;
}

const attribute = /"name": "[^"]*",\s*"baseName": "([^"]*)",\s*"type": "([^"]*)",\s*"format": "([^"]*)"/g;

function readModel(name: string): Map<string, ModelField> {
  const declared = readFileSync(join(models, `${name}.d.ts`), 'utf8');
  const required = new Set([...declared.matchAll(/^ {4}'([^']+)':/gm)].map(([, field = '']) => field));
  const fields = new Map<string, ModelField>();
  for (const [, base = '', type = '', format = ''] of readFileSync(join(models, `${name}.js`), 'utf8').matchAll(attribute)) {
    const spelled = [base, `_${base}`, base.replaceAll('-', '_'), `_${base.slice(1)}`];
    fields.set(base, { type: format === '' ? type : `${type}/${format}`, required: spelled.some((word) => required.has(word)) });
  }
  return fields;
}

function gapsOfType(type: string, model: string): string[] {
  const theirs = readModel(model);
  const schema = typeOf(type);
  const gaps: string[] = [];
  for (const [name, field] of theirs) {
    if (schema.isObject && (name === 'apiVersion' || name === 'kind')) continue;
    const own = schema.byName.get(name);
    if (own === undefined) gaps.push(`${type} lacks ${name}`);
    else if (ourType(own) !== field.type) gaps.push(`${type}.${name} is ${ourType(own)} instead of ${field.type}`);
    else if (own.required !== field.required) gaps.push(`${type}.${name} is ${own.required ? '' : 'not '}required`);
  }
  return [...gaps, ...schema.fields.filter(({ name }) => !theirs.has(name)).map(({ name }) => `${type}.${name} is only ours`)];
}

/** Differences between our tables and the models, one text each. */
export function modelGaps(): string[] {
  const served = new Set(allResources.map((info) => (info.type ?? '').split('.').slice(0, 2).join('.')));
  const gaps: string[] = [];
  for (const pkg of Object.keys(tables)) {
    if (!served.has(pkg)) continue;
    for (const name of typeNames(pkg)) {
      const model = modelOf(`${pkg}.${name}`);
      if (model !== undefined && !unions.has(`${pkg}.${name}`) && findType(`${pkg}.${name}`) !== undefined) gaps.push(...gapsOfType(`${pkg}.${name}`, model));
    }
  }
  return gaps;
}
