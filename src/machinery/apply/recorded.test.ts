// Sequences of applies and updates by several managers, as upstream's field manager answered them (recorded from 1.36):
// after each step who owns what, or the conflict; in the end the object.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '#api/meta/v1.ts';
import { applyDefaults } from '../defaults/index.ts';
import { decodePatched } from '../decode-patched.ts';
import { decodeObject } from '../decode.ts';
import { normalize } from '../normalize.ts';
import type { KubeObject } from '../object.ts';
import { StatusError } from '../status.ts';
import { serverSideApply } from './server-side-apply.ts';
import { trackUpdate } from './track-update.ts';

interface Step { readonly do: 'apply' | 'update' | 'updatekeep'; readonly manager: string; readonly force: boolean; readonly sub: string; readonly obj: KubeObject }
type Owner = readonly [manager: string, operation: string, subresource: string, apiVersion: string, fields: unknown];
interface Result { readonly owners?: readonly Owner[]; readonly error?: string; readonly causes?: readonly string[] }
interface Sequence {
  readonly kind: string;
  readonly apiVersion: string;
  readonly type: string;
  readonly steps: readonly Step[];
  readonly results: readonly Result[];
  readonly object: unknown;
}

const sequences = JSON.parse(readFileSync(new URL('testdata/sequences.json', import.meta.url), 'utf8')) as Sequence[];

/** The object after the step, as it would be stored. */
function after({ type, kind, apiVersion }: Sequence, live: KubeObject | undefined, step: Step): KubeObject {
  const { manager, force, sub: subresource } = step;
  if (step.do === 'apply') {
    const merged = serverSideApply({ type, live, applied: structuredClone(step.obj), manager, force, subresource, apiVersion, kind, nowMs: 0 });
    const { object } = decodePatched(type, merged, { fieldValidation: 'Ignore' });
    applyDefaults(type, object, 0);
    return normalize(type, object);
  }
  const { object } = decodeObject(Buffer.from(JSON.stringify(step.obj)), { type, fieldValidation: 'Ignore' });
  applyDefaults(type, object, 0);
  const given = normalize(type, object);
  if (live !== undefined) {
    given.metadata ??= {};
    given.metadata.uid = 'u';
    const { managedFields } = live.metadata ?? {};
    if (step.do === 'updatekeep' && managedFields !== undefined) given.metadata.managedFields = managedFields;
  }
  return normalize(type, trackUpdate({ type, before: live, after: given, manager, subresource, apiVersion, nowMs: 0 }));
}

function ownersOf(entries: readonly ManagedFieldsEntry[]): Owner[] {
  const owners = entries.map((entry): Owner => [entry.manager ?? '', entry.operation ?? '', entry.subresource ?? '', entry.apiVersion ?? '', entry.fieldsV1]);
  return owners.sort((a, b) => (JSON.stringify(a.slice(0, 3)) < JSON.stringify(b.slice(0, 3)) ? -1 : 1));
}

describe('owners, recorded', () => {
  test.each(sequences.map((sequence, i) => ({ sequence, name: `${i} ${sequence.kind}: ${sequence.steps.map((step) => step.do).join(', ')}` })))('$name', ({ sequence }) => {
    let live: KubeObject | undefined;
    for (const [i, step] of sequence.steps.entries()) {
      const { owners, error: expected } = sequence.results[i] ?? {};
      try {
        const next = structuredClone(after(sequence, live, step));
        expect(expected).toBeUndefined();
        expect(ownersOf(next.metadata?.managedFields ?? [])).toEqual(ownersOf((owners ?? []).map(([manager, operation, subresource, apiVersion, fieldsV1]) => ({ manager, operation, subresource, apiVersion, fieldsV1 }) as ManagedFieldsEntry)));
        live = { ...next, metadata: { ...next.metadata, uid: 'u' } };
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        expect(error.message.split('\n').sort()).toEqual((expected ?? '').split('\n').sort());
      }
    }
    const { managedFields: _owners, uid: _uid, ...metadata } = live?.metadata ?? {};
    expect({ ...live, metadata }).toEqual(sequence.object);
  });
});
