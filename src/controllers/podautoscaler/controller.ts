// Scales workloads by their metrics, each autoscaler every 15 seconds. The target is read and written through its
// scale subresource, whatever kind it is of; the decisions are in reconcile.ts, behaviour.ts and replicas.ts.
import type { Scale } from '#api/autoscaling/v1.ts';
import type { HorizontalPodAutoscaler, MetricSpec } from '#api/autoscaling/v2.ts';
import type { Pod } from '#api/core/v1.ts';
import { resources, type ResourceInfo } from '#api/resources.ts';
import { errorText, wrap } from '#base/errors.ts';
import { createWorkQueue, discover, keyOf, resourcePath, retryOnConflict, runWorkers, type HandleResult, type Informer } from '#client';
import { parseApiVersion, parseLabelSelector, type LabelMatcher } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { sameValue } from '../same-value.ts';
import { newHistory, noteScaled, type History } from './behaviour.ts';
import { propose, tolerancesOf } from './proposals.ts';
import { reconcile, statusOf, withCondition, withoutMetrics, type Decision, type Scaled } from './reconcile.ts';

const workers = 5;
const periodMs = 15_000;
const kindName = 'horizontalpodautoscalers.v2.autoscaling';
const defaultMetrics: readonly MetricSpec[] = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];

interface Parts {
  readonly context: ControllerContext;
  readonly pods: Informer<Pod>;
  readonly histories: Map<string, History>;
  /** The selectors of all autoscalers, to notice two on the same pods. */
  readonly selectors: Map<string, LabelMatcher>;
}

function setUp(context: ControllerContext): Run {
  const { world, signal } = context;
  const autoscalers = context.informer<HorizontalPodAutoscaler>(kindName);
  const parts: Parts = { context, pods: context.informer<Pod>('pods'), histories: new Map(), selectors: new Map() };
  const queue = createWorkQueue(world);
  autoscalers.addHandler({
    added: (autoscaler) => queue.add(keyOf(autoscaler)),
    deleted(autoscaler) {
      parts.histories.delete(keyOf(autoscaler));
      parts.selectors.delete(keyOf(autoscaler));
    },
  });
  return () =>
    runWorkers(world, queue, workers, signal, async (key): Promise<HandleResult | void> => {
      const autoscaler = autoscalers.byKey(key);
      if (autoscaler === undefined) return;
      try {
        await sync(parts, autoscaler);
      } catch (error) {
        if (!signal.aborted) world.log.warn('an autoscaler could not do its work, will be retried', { key, error: errorText(error) });
      }
      return { requeueAfterMs: periodMs };
    });
}

interface Target {
  readonly info: ResourceInfo;
  readonly scale: Scale;
}

async function sync(parts: Parts, autoscaler: HorizontalPodAutoscaler): Promise<void> {
  const { context } = parts;
  const { world, recorder } = context;
  const key = keyOf(autoscaler);
  const reference = `${autoscaler.spec.scaleTargetRef.kind}/${autoscaler.metadata?.namespace}/${autoscaler.spec.scaleTargetRef.name}`;
  let conditions = autoscaler.status?.conditions ?? [];
  const condition = (type: string, status: string, reason: string, message: string): void => {
    conditions = [...withCondition(conditions, type, status, reason, message, world.clock.now())];
  };
  const write = (scaled: Scaled, metrics: Decision['metrics']): Promise<void> => writeStatus(context, autoscaler, statusOf(autoscaler, scaled, conditions, metrics, world.clock.now()));
  let target: Target;
  try {
    target = await findTarget(context, autoscaler);
  } catch (error) {
    recorder.event(autoscaler, 'Warning', 'FailedGetScale', errorText(error));
    condition('AbleToScale', 'False', 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${errorText(error)}`);
    await writeStatus(context, autoscaler, { ...autoscaler.status, desiredReplicas: autoscaler.status?.desiredReplicas ?? 0, conditions });
    throw wrap(`failed to query scale subresource for ${reference}`, error);
  }
  condition('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
  const current = target.scale.spec?.replicas ?? 0;
  const history = parts.histories.get(key) ?? { ...newHistory(), recommendations: [{ atMs: world.clock.now(), value: current }] };
  parts.histories.set(key, history);
  const decision = withoutMetrics(autoscaler, current, conditions, world.clock.now()) ?? (await byMetrics(parts, autoscaler, target, conditions, history));
  conditions = [...decision.conditions];
  if (decision.undecided === true) {
    await write({ current, desired: autoscaler.status?.desiredReplicas ?? 0, rescaled: false }, decision.metrics);
    recorder.event(autoscaler, 'Warning', 'FailedComputeMetricsReplicas', decision.error ?? '');
    throw new Error(`failed to compute desired number of replicas based on listed metrics for ${reference}: ${decision.error}`);
  }
  if (decision.rescale) {
    try {
      await rescale(context, autoscaler, target, decision.replicas);
    } catch (error) {
      recorder.event(autoscaler, 'Warning', 'FailedRescale', `New size: ${decision.replicas}; reason: ${decision.reason}; error: ${errorText(error)}`);
      condition('AbleToScale', 'False', 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${errorText(error)}`);
      await write({ current, desired: autoscaler.status?.desiredReplicas ?? 0, rescaled: false }, decision.metrics);
      throw wrap(`failed to rescale ${reference}`, error);
    }
    condition('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${decision.replicas}`);
    recorder.event(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${decision.replicas}; reason: ${decision.reason}`);
    noteScaled(autoscaler.spec, history, current, decision.replicas, world.clock.now());
  }
  await write({ current, desired: decision.rescale ? decision.replicas : current, rescaled: decision.rescale }, decision.metrics);
  if (decision.error !== undefined) throw new Error(decision.error);
}

async function byMetrics(parts: Parts, autoscaler: HorizontalPodAutoscaler, { scale }: Target, conditions: Decision['conditions'], history: History): Promise<Decision> {
  const { context, pods: cache } = parts;
  const { world, client, recorder, signal } = context;
  const namespace = autoscaler.metadata?.namespace ?? '';
  const current = scale.spec?.replicas ?? 0;
  const now = world.clock.now();
  const refused = (eventReason: string, message: string, reason = eventReason, shown = message): Decision => {
    recorder.event(autoscaler, 'Warning', eventReason, message);
    return { replicas: current, rescale: false, reason: '', conditions: withCondition(conditions, 'ScalingActive', 'False', reason, shown, now), metrics: [], error: message, undecided: true };
  };
  const selector = scale.status?.selector ?? '';
  if (selector === '') return refused('SelectorRequired', 'selector is required', 'InvalidSelector', "the HPA target's scale is missing a selector");
  let matcher: LabelMatcher;
  try {
    matcher = parseLabelSelector(selector);
  } catch (error) {
    return refused('InvalidSelector', `couldn't convert selector into a corresponding internal selector object: ${errorText(error)}`);
  }
  parts.selectors.set(keyOf(autoscaler), matcher);
  const pods = cache.list(namespace).filter((pod) => matcher.matches(pod.metadata?.labels));
  const rivals = [...parts.selectors].filter(([key, other]) => key.startsWith(`${namespace}/`) && pods.some((pod) => other.matches(pod.metadata?.labels)));
  if (rivals.length > 1) {
    const names = rivals.map(([key]) => `{${key.slice(namespace.length + 1)} ${namespace}}`).join(' ');
    return refused('AmbiguousSelector', `pods by selector ${selector} are controlled by multiple HPAs: [${names}]`);
  }
  const workload = { specReplicas: current, statusReplicas: scale.status?.replicas ?? 0, selector, pods };
  const specs = (autoscaler.spec.metrics ?? []).length === 0 ? defaultMetrics : (autoscaler.spec.metrics ?? []);
  const proposals = await Promise.all(specs.map((spec) => propose({ asking: { client, namespace, signal }, workload, tolerances: tolerancesOf(autoscaler), nowMs: now }, spec)));
  for (const proposal of proposals) if (!proposal.ok) recorder.event(autoscaler, 'Warning', proposal.reason, proposal.cause);
  return reconcile(autoscaler, current, proposals, conditions, history, now);
}

async function findTarget({ client, programClient, signal }: ControllerContext, autoscaler: HorizontalPodAutoscaler): Promise<Target> {
  const { kind, name, apiVersion = 'v1' } = autoscaler.spec.scaleTargetRef;
  const { group, version } = parseApiVersion(apiVersion);
  const fits = (info: ResourceInfo): boolean => info.group === group && info.kind === kind;
  let found = resources.filter(fits);
  if (found.length === 0) found = (await discover(programClient, signal)).resources.filter(fits);
  const info = found.find((each) => each.version === version) ?? found[0];
  if (info === undefined) throw new Error(`no matches for kind "${kind}" in group "${group}"`);
  const scale = await client.forInfo(info).in(autoscaler.metadata?.namespace ?? '').getSub<Scale>(name, 'scale', { signal });
  return { info, scale };
}

async function rescale({ world, client, signal }: ControllerContext, autoscaler: HorizontalPodAutoscaler, target: Target, replicas: number): Promise<void> {
  const { name } = autoscaler.spec.scaleTargetRef;
  const namespace = autoscaler.metadata?.namespace ?? '';
  let { scale } = target;
  await retryOnConflict(world, async () => {
    try {
      await client.raw('PUT', `${resourcePath(target.info, namespace, name)}/scale`, { ...scale, spec: { ...scale.spec, replicas } }, { signal });
    } catch (error) {
      scale = await client.forInfo(target.info).in(namespace).getSub<Scale>(name, 'scale', { signal });
      throw error;
    }
  });
}

async function writeStatus({ client, recorder }: ControllerContext, autoscaler: HorizontalPodAutoscaler, status: HorizontalPodAutoscaler['status']): Promise<void> {
  if (sameValue(status, autoscaler.status)) return;
  try {
    await client.resource<HorizontalPodAutoscaler>(kindName).in(autoscaler.metadata?.namespace ?? '').updateStatus({ ...autoscaler, status });
  } catch (error) {
    recorder.event(autoscaler, 'Warning', 'FailedUpdateStatus', errorText(error));
    throw wrap(`failed to update status for ${autoscaler.metadata?.name}`, error);
  }
}

export const podautoscaler: Controller = {
  name: 'horizontal-pod-autoscaler-controller',
  alias: 'horizontalpodautoscaling',
  is: 'Scales workloads by their metrics.',
  serviceAccount: 'horizontal-pod-autoscaler',
  eventSource: 'horizontal-pod-autoscaler',
  reads: [kindName, 'pods', 'pods.metrics.k8s.io'],
  writes: ['*/scale', 'horizontalpodautoscalers.autoscaling/status'],
  setUp,
};
