// POST on pods/binding and on bindings: the scheduler's decision. The pod gets its node once and for all.
import type { Binding, Pod, PodCondition } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { badRequest, conflict, invalid, notSupported, required, type FieldError } from '#machinery';
import { answerStatus } from '../answer/status-answer.ts';
import type { KubeObject } from '../contract.ts';
import { admissionRequest } from '../registry/admission-chain.ts';
import { agreeOnNamespace } from '../registry/metadata.ts';
import { asStored } from '../registry/current.ts';
import { mutateObject } from '../registry/mutate.ts';
import type { Stored } from '../registry/strategy.ts';
import { parseWriteQuery } from '../request/query-options.ts';
import { notesOf } from '../request/call.ts';
import { builtInHandling } from '../registry/kind-handling.ts';
import { decodeBody, storedOf, type Target } from './endpoint.ts';

type PodObject = Stored<Pod>;

/** Sets a condition; its transition time moves only with its status. */
export function setPodCondition(pod: PodObject, condition: PodCondition, nowMs: number): void {
  const conditions = pod.status?.conditions ?? [];
  const at = conditions.findIndex((known) => known.type === condition.type);
  const old = conditions[at];
  const moved = old === undefined || old.status !== condition.status;
  const next = { ...condition, lastTransitionTime: moved || old.lastTransitionTime === undefined ? rfc3339(nowMs) : old.lastTransitionTime };
  pod.status = { ...pod.status, conditions: at < 0 ? [...conditions, next] : conditions.map((known, i) => (i === at ? next : known)) };
}

function validate(binding: Binding): FieldError[] {
  const errors: FieldError[] = [];
  const { kind = '', name = '' } = binding.target;
  if (kind !== '' && kind !== 'Node') errors.push(notSupported('target.kind', kind, ['Node', '<empty>']));
  if (name === '') errors.push(required('target.name', ''));
  return errors;
}

/** `pods` is the target's own resource for pods/binding, and looked up for bindings. */
export async function createBinding(target: Target, pods: Target): Promise<void> {
  const { server, call } = target;
  const query = parseWriteQuery(call.info.query);
  const binding = (await decodeBody(target, query, builtInHandling('core.v1.Binding'), 'v1')) as KubeObject & Binding;
  agreeOnNamespace(asStored(binding), true, target.namespace);
  const name = binding.metadata?.name ?? '';
  if (target.name !== '' && name !== target.name) throw badRequest('name in URL does not match name in Binding object');
  const errors = validate(binding);
  if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, errors);
  const dryRun = query.dryRun.length > 0;
  const options = {
    kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: query.dryRun } : {}),
    ...(query.fieldManager === '' ? {} : { fieldManager: query.fieldManager }), ...(query.fieldValidation === '' ? {} : { fieldValidation: query.fieldValidation }),
  };
  const admission = admissionRequest({ ...target, name, user: call.user, options, dryRun, signal: call.signal, ...notesOf(call) }, 'CREATE', binding, undefined);
  await server.registry.admission.mutate(admission);
  await server.registry.admission.validate(admission);
  const now = server.world.clock.now();
  await mutateObject(server.registry, {
    resource: storedOf(pods), namespace: target.namespace, name, dryRun, signal: call.signal,
    change: (object, revision) => bind(object as PodObject, binding, revision, now),
  });
  answerStatus(call, 201, { status: 'Success', code: 201 });
}

function bind(pod: PodObject, binding: Binding, revision: number, nowMs: number): void {
  const { name = '' } = pod.metadata;
  const refuse = (message: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, message);
  const { uid = '', resourceVersion = '', annotations, labels } = binding.metadata ?? {};
  if (uid !== '' && uid !== pod.metadata.uid) throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid ?? ''}`);
  if (resourceVersion !== '' && resourceVersion !== String(revision)) {
    throw refuse(`Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${revision}`);
  }
  const spec = pod.spec ?? { containers: [] };
  if (pod.metadata.deletionTimestamp !== undefined) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if ((spec.nodeName ?? '') !== '') throw refuse(`pod ${name} is already assigned to node "${spec.nodeName ?? ''}"`);
  if ((spec.schedulingGates ?? []).length > 0) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  pod.spec = { ...spec, nodeName: binding.target.name ?? '' };
  if (annotations !== undefined) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  if (labels !== undefined) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
  if (pod.status?.nominatedNodeName !== undefined) delete pod.status.nominatedNodeName;
  setPodCondition(pod, { type: 'PodScheduled', status: 'True' }, nowMs);
}
