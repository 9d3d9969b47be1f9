// An explicit null is absence, as Go's decoder has it, wherever it stands: every kind with every field filled, each
// field in turn null, through decoding, defaults, strategies and validation of creates, updates and subresources, and
// as whole requests with the default admission. What is wrong with such an object is told; nothing falls over.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enabledResources, type ResourceInfo } from '#api/resources.ts';
import { typeOf, type FieldSchema } from '#api/schema.ts';
import { cloneJson, isObject, StatusError, type KubeObject } from '#machinery';
import { openMemoryStore } from '#store';
import { defaultSecurity } from './default-security.ts';
import { fakeReader } from './fake-reader.case.ts';
import { createResourceTable, type ServedResource } from './registry/resources.ts';
import type { Stored, WriteContext } from './registry/strategy.ts';
import { startTestServer, testWorld, type TestServer } from './test-server.case.ts';

const everything = { 'api/all': 'true' };
const maxDepth = 7;

const scalars: Readonly<Record<string, unknown>> = {
  string: 'a', bool: true, double: 1.5, bytes: 'AQI=', time: '2026-01-02T03:04:05Z', microTime: '2026-01-02T03:04:05.000001Z', duration: '1s', quantity: '1', intOrString: 1,
  rawExtension: { kind: 'A', apiVersion: 'v1' }, fieldsV1: {}, 'apiextensions.v1.JSON': { a: 1 }, 'apiextensions.v1.JSONSchemaPropsOrArray': { type: 'string' },
  'apiextensions.v1.JSONSchemaPropsOrBool': true, 'apiextensions.v1.JSONSchemaPropsOrStringArray': ['a'],
};

/** A value for every field there is. */
function sampleOf(type: string, around: readonly string[] = []): Record<string, unknown> {
  const schema = typeOf(type);
  const out: Record<string, unknown> = {};
  for (const field of schema.fields) {
    if (around.length >= maxDepth || around.includes(field.type) || field.name === 'managedFields') continue;
    out[field.name] = valueOf(field, [...around, type]);
  }
  return out;
}

function valueOf(field: FieldSchema, around: readonly string[]): unknown {
  const one = field.enum[0] ?? (field.type in scalars ? scalars[field.type] : /^u?int/.test(field.type) ? 1 : sampleOf(field.type, around));
  if (field.shape === 'list') return [one];
  return field.shape === 'one' ? one : { a: field.shape === 'listMap' ? [one] : one };
}

/** Copies of the object, each with one value null. */
function* withNulls(object: Record<string, unknown>, deepest: number): Generator<readonly [path: string, variant: KubeObject]> {
  const paths: (readonly (string | number)[])[] = [];
  const collect = (value: unknown, path: readonly (string | number)[]): void => {
    if (path.length > deepest) return;
    if (path.length > 0) paths.push(path);
    if (Array.isArray(value)) value.forEach((item, i) => collect(item, [...path, i]));
    else if (isObject(value)) for (const [key, item] of Object.entries(value)) collect(item, [...path, key]);
  };
  collect(object, []);
  for (const path of paths) {
    const copy = cloneJson(object) as KubeObject;
    let at: unknown = copy;
    for (const step of path.slice(0, -1)) at = (at as Record<string | number, unknown>)[step];
    (at as Record<string | number, unknown>)[path.at(-1) ?? ''] = null;
    yield [path.join('.'), copy];
  }
}

function fullObject(info: ResourceInfo): Record<string, unknown> {
  const apiVersion = info.group === '' ? info.version : `${info.group}/${info.version}`;
  const sample = sampleOf(info.type ?? '');
  const metadata = { ...(sample.metadata as object), name: 'a', namespace: info.namespaced ? 'default' : undefined, generateName: '', resourceVersion: undefined, deletionTimestamp: undefined, uid: undefined };
  return JSON.parse(JSON.stringify({ ...sample, kind: info.kind, apiVersion, metadata })) as Record<string, unknown>;
}

/** What is deep down in all kinds with pods is tried with pods. */
function depthFor({ kind, type }: ResourceInfo): number {
  if (kind === 'Pod') return 5;
  return /^(apps|batch)\.|Template$|ReplicationController$/.test(type ?? '') ? 3 : 4;
}

const context: WriteContext = { nowMs: 1_800_000_000_000, reader: fakeReader(), user: { name: 'tester', groups: [] }, dryRun: false, warn() {}, annotate() {} };

function readIn(served: ServedResource, object: KubeObject): Stored {
  const decoded = served.handling.decode(Buffer.from(JSON.stringify(object)), { fieldValidation: 'Ignore' }, false);
  if (decoded instanceof Promise) throw new Error('built-in kinds are decoded at once');
  served.handling.applyDefaults(decoded.object);
  const stored = served.toStored(decoded.object) as Stored;
  stored.metadata ??= {};
  return stored;
}

/** What is thrown on purpose is told to clients; everything else is a fault. */
function faultOf(step: string, work: () => unknown): string[] {
  try {
    work();
    return [];
  } catch (error) {
    return error instanceof StatusError ? [] : [`${step}: ${error instanceof Error ? `${error.message} ${error.stack?.split('\n')[1]?.trim() ?? ''}` : String(error)}`];
  }
}

/** @param deep Updates are not tried: they compare whole specs, and take long to tell how these differ. */
function tryAll(served: ServedResource, full: Stored, variant: KubeObject, deep: boolean): string[] {
  const { stored } = served;
  if (stored === undefined) return faultOf('decode', () => readIn(served, variant));
  const { strategy, handling } = stored;
  const rules = served.rules ?? handling;
  let read: Stored | undefined;
  const faults = faultOf('decode', () => (read = readIn(served, variant)));
  if (read === undefined) return faults;
  const given = read;
  const pair = (): [Stored, Stored] => [cloneJson(given), cloneJson(full)];
  const both = (work: (object: Stored, old: Stored) => void) => (): void => {
    const [a, b] = pair();
    work(a, b);
    const [c, d] = pair();
    work(d, c);
  };
  return [
    ...faultOf('create', () => {
      const [object] = pair();
      strategy.prepareCreate(object, context);
      rules.validateNew(object);
      strategy.validate?.(object, undefined, context);
      strategy.canonicalize?.(object);
      strategy.warnings?.(object, undefined);
      strategy.fieldsOf(object);
      handling.canonical(object);
    }),
    ...(deep ? [] : faultOf('update', both((object, old) => {
      strategy.prepareUpdate(object, old, context);
      rules.validateChange('', object, old);
      strategy.validate?.(object, old, context);
      strategy.warnings?.(object, old);
      strategy.gracePeriod?.(object, {});
      strategy.deletesDuringUpdate?.(object);
      handling.canonical(object, old);
    }))),
    ...Object.entries(deep ? {} : strategy.subresources).flatMap(([name, sub]) => faultOf(name, both((object, old) => {
      sub.prepare(object, old, context);
      rules.validateChange(name, object, old);
      sub.validate?.(object, old, context);
      sub.warnings?.(object, old);
    }))),
  ];
}

const table = createResourceTable(enabledResources(everything));
const kinds = enabledResources(everything).filter((info) => info.type !== undefined && info.verbs.includes('create'));

test.each(kinds.map((info) => [`${info.group}/${info.version} ${info.kind}`, info] as const))('%s', (_name, info) => {
  const served = table.find(info.group, info.version, info.plural);
  if (served === undefined) throw new Error(`${info.plural} is not served`);
  const full = fullObject(info) as KubeObject;
  const old = readIn(served, full);
  const faults = new Set<string>();
  for (const [path, variant] of withNulls(full, depthFor(info))) for (const fault of tryAll(served, old, variant, path.split('.').length > 3)) if (faults.size < 10) faults.add(`${path} ${fault}`);
  expect([...faults]).toEqual([]);
});

let api: TestServer;
const store = openMemoryStore(testWorld());
beforeAll(async () => {
  const serviceAccountKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  api = await startTestServer(store, { runtimeConfig: everything, security: defaultSecurity(testWorld(), { serviceAccountKey, issuer: 'https://kubernetes.default.svc', authorizationModes: ['RBAC'] }) });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
});

test.each(kinds.map((info) => [`${info.group}/${info.version} ${info.kind}`, info] as const))('requests: %s', async (_name, info) => {
  const root = info.group === '' ? '/api/v1' : `/apis/${info.group}/${info.version}`;
  const path = `${root}/${info.namespaced ? 'namespaces/default/' : ''}${info.plural}`;
  const full = fullObject(info) as KubeObject;
  const faults: string[] = [];
  for (const [at, variant] of withNulls(full, info.kind === 'Pod' ? 3 : 2)) {
    if (faults.length > 5) break;
    const answers = [await api.post(`${path}?dryRun=All`, variant)];
    if (info.verbs.includes('patch')) answers.push(await api.patch(`${path}/a?dryRun=All&fieldManager=m&force=true`, 'apply', variant));
    for (const answer of answers) if (answer.status >= 500 && !/failed to create typed patch object|resourceVersion should not be set/.test(answer.text)) faults.push(`${at}: ${answer.text}`);
  }
  expect(faults).toEqual([]);
});
