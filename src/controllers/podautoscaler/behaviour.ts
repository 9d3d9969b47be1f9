// How fast the number of replicas may follow what the metrics ask for: the stabilization windows and rate policies
// of spec.behavior, or the rules of old where there is none. Pure but for the history that it is given and keeps.
import type { HPAScalingRules, HorizontalPodAutoscalerSpec } from '#api/autoscaling/v2.ts';

interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** What was asked for and what was done lately, for one autoscaler. */
export interface History {
  recommendations: readonly Sample[];
  ups: readonly Sample[];
  downs: readonly Sample[];
}

export function newHistory(): History {
  return { recommendations: [], ups: [], downs: [] };
}

const downscaleStabilizationSeconds = 300;
/** The longest window that validation lets through. */
const longestWindowMs = 3_600_000;
const upLimitFactor = 2;
const upLimitMinimum = 4;

export interface Outcome {
  readonly replicas: number;
  readonly ableReason: string;
  readonly ableMessage: string;
  readonly limited: boolean;
  readonly limitReason: string;
  readonly limitMessage: string;
}

export interface Asked {
  readonly current: number;
  readonly desired: number;
  readonly min: number;
  readonly max: number;
}

type Rules = Required<Pick<HPAScalingRules, 'stabilizationWindowSeconds' | 'selectPolicy' | 'policies'>>;

function rulesOf(behaviour: NonNullable<HorizontalPodAutoscalerSpec['behavior']>): { readonly up: Rules; readonly down: Rules } {
  return {
    up: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }], ...defined(behaviour.scaleUp) },
    down: { stabilizationWindowSeconds: downscaleStabilizationSeconds, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }], ...defined(behaviour.scaleDown) },
  };
}

function defined(rules: HPAScalingRules | undefined): HPAScalingRules {
  return Object.fromEntries(Object.entries(rules ?? {}).filter(([, value]) => value !== undefined));
}

/** The number within what behaviour, history and bounds allow; notes the wish in the history. */
export function limited(spec: HorizontalPodAutoscalerSpec, history: History, asked: Asked, nowMs: number): Outcome {
  const rules = spec.behavior === undefined ? undefined : rulesOf(spec.behavior);
  const stable = rules === undefined ? highestLately(history, asked.desired, nowMs) : stabilized(history, asked, rules, nowMs);
  history.recommendations = [...history.recommendations.filter((sample) => sample.atMs >= nowMs - longestWindowMs), { atMs: nowMs, value: asked.desired }];
  const able = stable === asked.desired ? { ableReason: 'ReadyForNewScale', ableMessage: 'recommended size matches current size' } : stabilizedText(asked, rules !== undefined);
  const bounded = rules === undefined ? byOldRules({ ...asked, desired: stable }) : byRate(history, { ...asked, desired: stable }, rules, nowMs);
  return { replicas: bounded.replicas, ...able, limited: bounded.replicas !== stable, limitReason: bounded.reason, limitMessage: bounded.message };
}

/** Notes that the workload was scaled, for the rates to come. */
export function noteScaled(spec: HorizontalPodAutoscalerSpec, history: History, from: number, to: number, nowMs: number): void {
  if (spec.behavior === undefined) return;
  const recent = (samples: readonly Sample[]): Sample[] => samples.filter((sample) => sample.atMs >= nowMs - longestWindowMs);
  if (to > from) history.ups = [...recent(history.ups), { atMs: nowMs, value: to - from }];
  else history.downs = [...recent(history.downs), { atMs: nowMs, value: from - to }];
}

function stabilizedText({ desired, current }: Asked, byBehaviour: boolean): Pick<Outcome, 'ableReason' | 'ableMessage'> {
  return byBehaviour && desired >= current
    ? { ableReason: 'ScaleUpStabilized', ableMessage: 'recent recommendations were lower than current one, applying the lowest recent recommendation' }
    : { ableReason: 'ScaleDownStabilized', ableMessage: 'recent recommendations were higher than current one, applying the highest recent recommendation' };
}

function highestLately(history: History, desired: number, nowMs: number): number {
  const since = nowMs - downscaleStabilizationSeconds * 1000;
  return Math.max(desired, ...history.recommendations.filter((sample) => sample.atMs >= since).map((sample) => sample.value));
}

function stabilized({ recommendations }: History, { current, desired }: Asked, { up, down }: { readonly up: Rules; readonly down: Rules }, nowMs: number): number {
  const lately = (rules: Rules): number[] => recommendations.filter((sample) => sample.atMs > nowMs - rules.stabilizationWindowSeconds * 1000).map((sample) => sample.value);
  const atLeast = Math.min(desired, ...lately(up));
  const atMost = Math.max(desired, ...lately(down));
  return Math.min(Math.max(current, atLeast), atMost);
}

interface Bounded {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

const withinRange = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const tooFast = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' };
const tooMany = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const tooSlow = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' };
const tooFew = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };

function byOldRules({ current, desired, min, max }: Asked): Bounded {
  const upLimit = Math.max(upLimitFactor * current, upLimitMinimum);
  if (desired < min) return { replicas: min, ...tooFew };
  if (desired > Math.min(max, upLimit)) return { replicas: Math.min(max, upLimit), ...(max > upLimit ? tooFast : tooMany) };
  return { replicas: desired, ...withinRange };
}

function byRate(history: History, { current, desired, min, max }: Asked, rules: { readonly up: Rules; readonly down: Rules }, nowMs: number): Bounded {
  if (desired > current) {
    const limit = Math.max(current, rateLimit(history, current, rules.up, 1, nowMs));
    const most = Math.min(max, limit);
    if (desired > most) return { replicas: most, ...(max > limit ? tooFast : tooMany) };
  } else if (desired < current) {
    const limit = Math.min(current, rateLimit(history, current, rules.down, -1, nowMs));
    const least = Math.max(min, limit);
    if (desired < least) return { replicas: least, ...(min < limit ? tooSlow : tooFew) };
  }
  return { replicas: desired, ...withinRange };
}

/** How far the policies let the number go from where it was when their periods began. */
function rateLimit(history: History, current: number, rules: Rules, direction: 1 | -1, nowMs: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const proposals = rules.policies.map(({ type, value, periodSeconds }) => {
    const changed = (samples: readonly Sample[]): number => samples.filter((sample) => sample.atMs > nowMs - periodSeconds * 1000).reduce((total, sample) => total + sample.value, 0);
    const start = current - changed(history.ups) + changed(history.downs);
    if (type === 'Pods') return start + direction * value;
    return direction === 1 ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
  });
  const furthest = (rules.selectPolicy === 'Min') === (direction === -1);
  return furthest ? Math.max(...proposals) : Math.min(...proposals);
}
