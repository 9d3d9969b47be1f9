// POST on pods/eviction: a delete that respects PodDisruptionBudgets. The budget is counted down by compare and
// swap before the pod goes, so that two evictions cannot use the same allowance.
import type { Pod } from '#api/core/v1.ts';
import type { DeleteOptions } from '#api/meta/v1.ts';
import type { Eviction, PodDisruptionBudget } from '#api/policy/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { badRequest, conflict, forbidden, isConflict, isNotFound, notFound, selectorFromObject, StatusError, tooManyRequests } from '#machinery';
import { answerStatus } from '../answer/status-answer.ts';
import type { KubeObject } from '../contract.ts';
import { admissionRequest } from '../registry/admission-chain.ts';
import { removeObject } from '../registry/delete.ts';
import { freshCurrent } from '../registry/current.ts';
import { mutateObject } from '../registry/mutate.ts';
import type { StoredResource } from '../registry/resources.ts';
import type { Stored } from '../registry/strategy.ts';
import type { WriteRequest } from '../registry/write-request.ts';
import { parseWriteQuery } from '../request/query-options.ts';
import { notesOf } from '../request/call.ts';
import { setPodCondition } from './binding.ts';
import { builtInHandling } from '../registry/kind-handling.ts';
import { decodeBody, storedOf, type Target } from './endpoint.ts';

const largestDisruptedPods = 2000;
const attempts = 20;
const gr = { group: '', resource: 'pods' };

type PodObject = Stored<Pod>;
type Budget = Stored<PodDisruptionBudget>;

export async function createEviction(target: Target, budgets: StoredResource): Promise<void> {
  const { server, call } = target;
  const query = parseWriteQuery(call.info.query);
  const eviction = (await decodeBody(target, query, builtInHandling('policy.v1.Eviction'), 'policy/v1', ['policy/v1beta1'])) as KubeObject & Eviction;
  if ((eviction.metadata?.name ?? '') !== target.name) throw badRequest('name in URL does not match name in Eviction object');
  const options: DeleteOptions = { ...eviction.deleteOptions };
  if (query.dryRun.length > 0 && options.dryRun === undefined) options.dryRun = [...query.dryRun];
  const dryRun = (options.dryRun ?? []).length > 0;
  const judged = { ...target, user: call.user, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' }, dryRun, signal: call.signal, ...notesOf(call) };
  const admission = admissionRequest(judged, 'CREATE', eviction, undefined);
  await server.registry.admission.mutate(admission);
  await server.registry.admission.validate(admission);
  await evict(target, budgets, options, dryRun);
  answerStatus(call, 201, { status: 'Success', code: 201 });
}

async function evict(target: Target, budgets: StoredResource, options: DeleteOptions, dryRun: boolean): Promise<void> {
  const pinned = options.preconditions?.resourceVersion !== undefined;
  for (let attempt = 1; ; attempt++) {
    const pod = await currentPod(target);
    const unprotected = isUnprotected(pod);
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
    const mustBeSame = unprotected ? !finished : await takeFromBudget(target, budgets, pod, dryRun);
    const exact: DeleteOptions = mustBeSame && !pinned ? { ...options, preconditions: { ...options.preconditions, resourceVersion: pod.metadata.resourceVersion ?? '' } } : options;
    try {
      await markAndDelete(target, exact, dryRun);
      return;
    } catch (error) {
      if (!isConflict(error) || pinned || attempt === attempts) throw error;
      if (!unprotected && mustBeSame) throw processing('');
      if (!unprotected) throw error;
    }
  }
}

async function currentPod(target: Target): Promise<PodObject> {
  const current = await freshCurrent(target.server.registry, storedOf(target), `${target.namespace}/${target.name}`, target.call.signal);
  if (current === undefined) throw notFound(gr, target.name);
  return current.object as PodObject;
}

/** Pods that no budget counts: finished, not yet running, or on their way out. */
function isUnprotected(pod: PodObject): boolean {
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined;
}

function isReady(pod: PodObject): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

/** Takes one disruption from the pod's budget. True: the pod may be deleted only as it is now (it is unhealthy). */
async function takeFromBudget(target: Target, budgets: StoredResource, pod: PodObject, dryRun: boolean): Promise<boolean> {
  const { server, namespace, call } = target;
  const matching = (server.reader.list('policy', 'poddisruptionbudgets', namespace) as readonly Budget[]).filter((budget) => selects(budget, pod));
  if (matching.length > 1) {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    throw new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
  }
  const budget = matching[0];
  if (budget === undefined) return false;
  if (!isReady(pod)) {
    if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
    const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
    if (currentHealthy >= desiredHealthy && desiredHealthy > 0) return true;
  }
  try {
    await mutateObject(server.registry, {
      resource: budgets, namespace, name: budget.metadata.name ?? '', dryRun, signal: call.signal,
      change: (object) => countDown(object as Budget, pod.metadata.name ?? '', server.world.clock.now()),
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return false;
}

function selects(budget: Budget, pod: PodObject): boolean {
  try {
    return selectorFromObject(budget.spec?.selector).matches(pod.metadata.labels ?? {});
  } catch {
    return false;
  }
}

function countDown(budget: Budget, podName: string, nowMs: number): void {
  const name = budget.metadata.name ?? '';
  const status = budget.status ?? { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) throw processing(name);
  const allowed = status.disruptionsAllowed ?? 0;
  if (allowed < 0) throw forbidden({ group: 'policy', resource: 'poddisruptionbudget' }, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > largestDisruptedPods) {
    throw forbidden({ group: 'policy', resource: 'poddisruptionbudget' }, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (allowed === 0) throw violated(name, status);
  budget.status = { ...status, disruptionsAllowed: allowed - 1, disruptedPods: { ...status.disruptedPods, [podName]: rfc3339(nowMs) } };
}

function withCause(error: StatusError, message: string): StatusError {
  return new StatusError({ ...error.status, details: { ...error.status.details, causes: [{ reason: 'DisruptionBudget', message }] } });
}

function processing(name: string): StatusError {
  return withCause(tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 10), `The disruption budget ${name} is still being processed by the server.`);
}

function violated(name: string, status: NonNullable<PodDisruptionBudget['status']>): StatusError {
  const condition = status.conditions?.find((c) => c.type === 'DisruptionAllowed');
  const refused = condition?.status === 'False' && condition.message !== '';
  const { currentHealthy: healthy = 0, desiredHealthy: desired = 0 } = status;
  let message = `The disruption budget ${name} does not allow evicting pods currently`;
  if (refused && condition.reason === 'SyncFailed') message += ` because it failed sync: ${condition.message}`;
  else if (healthy <= desired) message = `The disruption budget ${name} needs ${desired} healthy pods and has ${healthy} currently`;
  else if (refused) message += ` (${condition.reason}): ${condition.message}`;
  return withCause(tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0), message);
}

async function markAndDelete(target: Target, options: DeleteOptions, dryRun: boolean): Promise<void> {
  const { server, call, namespace, name } = target;
  const stored = storedOf(target);
  let exact = options;
  if (!dryRun) {
    const marked = await mutateObject(server.registry, {
      resource: stored, namespace, name, dryRun, signal: call.signal,
      change(object, revision) {
        const wanted = options.preconditions?.resourceVersion;
        if (wanted !== undefined && wanted !== String(revision)) {
          throw conflict({ group: '', resource: 'Pod' }, name, `the ResourceVersion in the precondition (${wanted}) does not match the ResourceVersion in record (${revision}). The object might have been modified`);
        }
        const condition = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
        setPodCondition(object as PodObject, condition, server.world.clock.now());
      },
    });
    if (options.preconditions?.resourceVersion !== undefined) {
      exact = { ...options, preconditions: { ...options.preconditions, resourceVersion: marked.metadata.resourceVersion ?? '' } };
    }
  }
  const request: WriteRequest = {
    served: target.served, stored, subresource: '', namespace, name, manager: '', options: {}, dryRun, nowMs: server.world.clock.now(),
    reader: server.reader, user: call.user, signal: call.signal, ...notesOf(call),
  };
  await removeObject(server.registry, request, exact);
}
