// What a definition's create, update and delete change on their own. A first DELETE keeps the definition until all of
// its objects are gone (controller.ts).
import type { CustomResourceDefinition } from '#api/apiextensions/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { unknownFormatsOf, jsonEqual } from '#machinery';
import type { Stored, Strategy } from '../registry/strategy.ts';
import { assignField, define, keepSpec } from '../strategies/strategy-table.ts';
import { cleanupFinalizer, setCondition, storageVersion } from './definition.ts';

/** The version that is stored from now on has been stored at some time. */
function noteStored(definition: Stored<CustomResourceDefinition>): void {
  const version = storageVersion(definition);
  const status = (definition.status ??= { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] });
  const stored = status.storedVersions ?? [];
  if (version !== undefined && !stored.includes(version.name)) status.storedVersions = [...stored, version.name];
}

function markDefinition(object: Stored, nowMs: number): boolean {
  if (object.metadata.deletionTimestamp !== undefined) return false;
  object.metadata.deletionTimestamp = rfc3339(nowMs);
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(cleanupFinalizer)) object.metadata.finalizers = [...finalizers, cleanupFinalizer];
  const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
  setCondition(object as Stored<CustomResourceDefinition>, { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message }, nowMs);
  return true;
}

function formatWarnings(object: Stored, old: Stored | undefined): string[] {
  const known = new Set(old === undefined ? [] : unknownFormatsOf((old as Stored<CustomResourceDefinition>).spec));
  return unknownFormatsOf((object as Stored<CustomResourceDefinition>).spec).filter((format) => !known.has(format)).map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

export const customResourceDefinitions: Strategy = define({
  unconditionalUpdate: false,
  prepareCreate(object) {
    object['status'] = { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] };
    object.metadata.generation = 1;
    noteStored(object as Stored<CustomResourceDefinition>);
  },
  prepareUpdate(object, old) {
    assignField(object, 'status', structuredClone(old['status']));
    if (!jsonEqual(object['spec'], old['spec'])) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    noteStored(object as Stored<CustomResourceDefinition>);
  },
  subresources: { status: keepSpec },
  warnings: formatWarnings,
  markForDeletion: (object, _options, nowMs) => markDefinition(object, nowMs),
});
