// How the rows of the strategy tables are written: `define` fills in what most resources share, `counted`
// adds a generation that grows with the spec, `withStatus` keeps status to its subresource.
import { jsonEqual } from '#machinery';
import type { Stored, Strategy, SubresourceStrategy } from '../registry/strategy.ts';

export type Row = Partial<Strategy>;

const none: readonly string[] = [];

const plain: Strategy = {
  createOnUpdate: false,
  comesFromTemplates: false,
  unconditionalUpdate: true,
  returnsDeleted: false,
  dependents: 'delete',
  fieldNames: none,
  fieldsOf: () => none,
  fieldAliases: {},
  ttlSeconds: 0,
  prepareCreate() {},
  prepareUpdate() {},
  subresources: {},
};

/** A strategy from what differs from a plain resource. Later rows win; their prepare functions run one after another. */
export function define(...rows: readonly Row[]): Strategy {
  const merged: Strategy = Object.assign({}, plain, ...rows);
  const creates = rows.flatMap((row) => (row.prepareCreate === undefined ? [] : [row.prepareCreate]));
  const updates = rows.flatMap((row) => (row.prepareUpdate === undefined ? [] : [row.prepareUpdate]));
  return {
    ...merged,
    prepareCreate: (object, context) => creates.forEach((prepare) => prepare(object, context)),
    prepareUpdate: (object, old, context) => updates.forEach((prepare) => prepare(object, old, context)),
    subresources: Object.assign({}, ...rows.map((row) => row.subresources ?? {})) as Record<string, SubresourceStrategy>,
  };
}

/** Sets a field, or removes it when the value is undefined. */
export function assignField(object: Stored, field: string, value: unknown): void {
  if (value === undefined) delete object[field];
  else object[field] = value;
}

/** Through /status everything but status stays as it was; metadata may change as upstream lets it. */
export const keepSpec: SubresourceStrategy = {
  prepare: (object, old) => assignField(object, 'spec', old.spec),
};

/** Through /status nothing of metadata but managedFields may change. */
export const keepSpecAndMetadata: SubresourceStrategy = {
  prepare(object, old) {
    assignField(object, 'spec', old.spec);
    resetMetadataForStatus(object, old);
  },
};

/** What a status write may not touch in metadata. */
export function resetMetadataForStatus(object: Stored, old: Stored): void {
  const { metadata } = object;
  metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  metadata.generation = old.metadata.generation;
  metadata.selfLink = old.metadata.selfLink;
  metadata.labels = old.metadata.labels;
  metadata.annotations = old.metadata.annotations;
  metadata.finalizers = old.metadata.finalizers;
  metadata.ownerReferences = old.metadata.ownerReferences;
}

/** status belongs to the status subresource. */
export const withStatus: Row = {
  prepareCreate: (object) => void assignField(object, 'status', {}),
  prepareUpdate: (object, old) => assignField(object, 'status', old.status),
  subresources: { status: keepSpec },
};

/** `generation` starts at 1 and grows with each change of these fields. */
export function counted(...fields: readonly string[]): Row {
  const watched = fields.length === 0 ? ['spec'] : fields;
  return {
    prepareCreate: (object) => void (object.metadata.generation = 1),
    prepareUpdate(object, old) {
      const same = watched.every((field) => jsonEqual(object[field], old[field]));
      if (!same) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
  };
}

/** Selectable fields as dotted paths. A missing value is '', unless `absent` names another. */
export function selectable(paths: readonly string[], absent: Readonly<Record<string, string>> = {}): Row {
  const steps = paths.map((path) => path.split('.'));
  return {
    fieldNames: paths,
    fieldsOf: (object) =>
      steps.map((path, at) => {
        let value: unknown = object;
        for (const step of path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
        return value === undefined || value === null ? (absent[paths[at] ?? ''] ?? '') : String(value);
      }),
  };
}
