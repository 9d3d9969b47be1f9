// Tells in the status of each ValidatingAdmissionPolicy what of its expressions does not fit the types it is about.
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1.ts';
import { createWorkQueue, keyOf, runWorkers } from '#client';
import { cel } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { kindSchemas, type KindSchemas } from './kinds.ts';

const workers = 5;
const resource = 'validatingadmissionpolicies.admissionregistration.k8s.io';

/** The status to apply; undefined when it tells of this generation already. */
export async function statusOf(policy: ValidatingAdmissionPolicy, schemas: KindSchemas): Promise<Record<string, unknown> | undefined> {
  const { spec = {}, metadata = {}, status = {} } = policy;
  const generation = metadata.generation ?? 0;
  if (generation <= (status.observedGeneration ?? 0)) return undefined;
  const found = new Map<string, cel.CheckedKind>();
  for (const wanted of cel.resourcesToCheck(spec).flat()) {
    const kind = await schemas.byResource(wanted);
    if (kind !== undefined) found.set(`${kind.group}\n${kind.version}\n${kind.kind}`, kind);
  }
  const kinds = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
  const { paramKind } = spec;
  const params = paramKind === undefined ? undefined : { kind: paramKind.kind ?? '', node: await schemas.byKind(paramKind.apiVersion ?? '', paramKind.kind ?? '') };
  const expressionWarnings = cel.typeCheckPolicy(spec, kinds, params);
  return { observedGeneration: generation, typeChecking: expressionWarnings.length === 0 ? {} : { expressionWarnings } };
}

function setUp({ world, client, signal, informer }: ControllerContext): Run {
  const policies = informer<ValidatingAdmissionPolicy>(resource);
  const api = client.resource<ValidatingAdmissionPolicy>(resource);
  const schemas = kindSchemas(client);
  const queue = createWorkQueue(world);
  const wake = (policy: ValidatingAdmissionPolicy): void => queue.add(keyOf(policy));
  policies.addHandler({ added: wake, updated: wake });
  return () =>
    runWorkers(world, queue, workers, signal, async (name) => {
      const policy = policies.byKey(name);
      const status = policy === undefined ? undefined : await statusOf(policy, schemas);
      if (status === undefined) return;
      const applied = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name }, status };
      await api.patch(name, 'apply', applied, { fieldManager: 'validatingadmissionpolicy-status', force: true, subresource: 'status' });
    });
}

export const validatingadmissionpolicystatus: Controller = {
  name: 'validatingadmissionpolicy-status-controller',
  alias: 'validatingadmissionpolicy-status',
  is: 'Tells in the status of policies what of their expressions does not fit the types they are about.',
  serviceAccount: 'validatingadmissionpolicy-status-controller',
  reads: [resource],
  writes: [resource],
  setUp,
};
