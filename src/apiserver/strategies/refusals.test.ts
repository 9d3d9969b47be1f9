// What is refused or warned of, kind by kind, in upstream's words and order. The rows were recorded from upstream's own
// strategies (1.36): an object, how the stored one differs from it, how the new one differs from the stored one, the
// errors, the warnings. A change is a JSON pointer without its first slash, and the value; without one the member goes.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { applyDefaults, decodeObject, errorText } from '#machinery';
import { agreeOnNamespace } from '../registry/metadata.ts';
import { createResourceTable, type ServedResource } from '../registry/resources.ts';
import type { Stored, WriteContext } from '../registry/strategy.ts';

type Change = readonly [path: string] | readonly [path: string, value: unknown];
type Row = readonly [operation: string, object: number, before: readonly Change[], after: readonly Change[], errors: readonly string[], warnings: readonly string[]];
interface Table { readonly kind: string; readonly objects: readonly Record<string, unknown>[]; readonly cases: readonly Row[] }
type Tree = Record<string, unknown>;

const tables = JSON.parse(readFileSync(new URL('testdata/refusals.json', import.meta.url), 'utf8')) as Record<string, Table>;
const resources = createResourceTable();

function changed(object: Tree, changes: readonly Change[]): Tree {
  const copy = structuredClone(object);
  for (const change of changes) {
    const path = change[0].split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = path.pop() ?? '';
    let at = copy;
    for (const part of path) at = at[part] as Tree;
    if (change.length === 1) delete at[last];
    else at[last] = change[1];
  }
  return copy;
}

function loaded(served: ServedResource, raw: Tree): Stored {
  const type = served.info.type ?? '';
  const { object } = decodeObject(Buffer.from(JSON.stringify(raw)), { type, fieldValidation: 'Ignore' });
  applyDefaults(type, object, 0);
  object.metadata ??= {};
  return served.toStored(object) as Stored;
}

const nowMs = Date.parse('2026-01-01T00:00:00Z');

function context(served: ServedResource): WriteContext {
  return {
    nowMs, served, stored: served.stored, dryRun: false,
    user: { name: 'admin', uid: 'u1', groups: ['system:masters'] },
    reader: { get: () => undefined, list: () => [], where: () => [], revision: () => 0 },
  } as unknown as WriteContext;
}

interface Outcome { readonly errors: string[]; readonly warnings: string[] }

function created(served: ServedResource, raw: Tree): Outcome {
  const { stored } = served;
  if (stored === undefined) throw new Error('nothing is stored');
  const object = loaded(served, raw);
  agreeOnNamespace(object, stored.namespaced, stored.namespaced ? 'default' : '');
  Object.assign(object.metadata, { uid: '00000000-0000-0000-0000-000000000001', creationTimestamp: '2023-11-14T22:13:20Z' });
  stored.strategy.prepareCreate(object, context(served));
  const errors = [...(served.rules ?? stored.handling).validateNew(object), ...(stored.strategy.validate?.(object, undefined, context(served)) ?? [])];
  return { errors: errors.map(errorText), warnings: errors.length > 0 ? [] : (stored.strategy.warnings?.(object, undefined) ?? []) };
}

function updated(served: ServedResource, subresource: string, raw: Tree, rawOld: Tree): Outcome {
  const { stored } = served;
  if (stored === undefined) throw new Error('nothing is stored');
  const [object, old] = [loaded(served, raw), loaded(served, rawOld)];
  agreeOnNamespace(object, stored.namespaced, stored.namespaced ? 'default' : '');
  if (old.metadata.generation === undefined) delete object.metadata.generation;
  else object.metadata.generation = old.metadata.generation;
  const own = subresource === '' ? undefined : stored.strategy.subresources[subresource];
  if (subresource === '') stored.strategy.prepareUpdate(object, old, context(served));
  else own?.prepare(object, old, context(served));
  object.metadata.uid ||= old.metadata.uid ?? '';
  for (const field of ['creationTimestamp', 'deletionTimestamp'] as const) {
    const value = old.metadata[field];
    if (value !== undefined) object.metadata[field] = value;
  }
  const errors = [
    ...(served.rules ?? stored.handling).validateChange(subresource, object, old),
    ...((subresource === '' ? stored.strategy : own)?.validate?.(object, old, context(served)) ?? []),
  ];
  return { errors: errors.map(errorText), warnings: errors.length > 0 ? [] : ((subresource === '' ? stored.strategy : own)?.warnings?.(object, old) ?? []) };
}

function outcome(id: string, table: Table, [operation, at, before, after]: Row): Outcome {
  const [resource = '', apiVersion = ''] = id.split(' ');
  const [group = '', plural = ''] = resource.split('/');
  const served = resources.find(group, apiVersion.split('/').at(-1) ?? '', plural);
  if (served === undefined) throw new Error(`${id} is not served`);
  const object = { apiVersion, kind: table.kind, ...structuredClone(table.objects[at]) };
  if (operation === 'create') return created(served, changed(object, after));
  Object.assign((object as unknown as { metadata: Tree }).metadata, { resourceVersion: '1', uid: 'u', creationTimestamp: '2024-01-01T00:00:00Z' });
  const old = changed(object, before);
  return updated(served, operation === 'update' ? '' : operation, changed(old, after), old);
}

describe.each(Object.entries(tables))('%s', (id, table) => {
  test.each(table.cases.map((row) => ({ row, name: `${row[0]} ${JSON.stringify(row[3])}` })))('$name', ({ row }) => {
    const { errors, warnings } = outcome(id, table, row);
    expect(errors).toEqual(row[4]);
    expect([...warnings].sort()).toEqual([...row[5]].sort());
  });
});
