// ImagePolicyWebhook: asks a webhook of the administrator's whether the images of a pod may run. Off unless it is
// configured (AdmissionConfiguration, with a kubeconfig); its answers are remembered for a while.
import type { Pod } from '#api/core/v1.ts';
import type { ImageReview, ImageReviewStatus } from '#api/imagepolicy/v1alpha1.ts';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { decodePatched, forbidden, goQuote, isObject, type KubeObject } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest } from '../contract.ts';
import { expiringAnswers } from '../webhooks/expiring-answers.ts';
import type { ReviewClient } from '../webhooks/index.ts';

export interface ImagePolicySettings {
  readonly allowMs: number;
  readonly denyMs: number;
  readonly retryBackoffMs: number;
  /** Pods run when the webhook cannot be asked. */
  readonly defaultAllow: boolean;
}

const auditPrefix = 'imagepolicywebhook.image-policy.k8s.io/';
const failedOpenKey = 'alpha.image-policy.k8s.io/failed-open';
const mostAnswers = 1024;
const attempts = 5;
const backoffFactor = 1.5;
const backoffJitter = 0.2;

interface Duration {
  readonly name: string;
  readonly scaleMs: number;
  readonly leastMs: number;
  readonly mostMs: number;
  readonly defaultMs: number;
}

const durations = {
  retryBackoff: { name: 'backoff', scaleMs: 1, leastMs: 1e-6, mostMs: 300_000, defaultMs: 500 },
  allowTTL: { name: 'allow cache', scaleMs: 1000, leastMs: 1000, mostMs: 1_800_000, defaultMs: 300_000 },
  denyTTL: { name: 'deny cache', scaleMs: 1000, leastMs: 1000, mostMs: 1_800_000, defaultMs: 30_000 },
} satisfies Record<string, Duration>;

function goDuration(ms: number): string {
  if (ms < 1) return '1ns';
  const seconds = ms / 1000;
  if (seconds < 1) return `${ms}ms`;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** 0 means the default, -1 switches off. Throws for what is out of range. */
function durationOf(value: unknown, { scaleMs, leastMs, mostMs, defaultMs }: Duration): number {
  const number = typeof value === 'number' ? value : 0;
  if (number === -1) return 0;
  if (number === 0) return defaultMs;
  const ms = number * scaleMs;
  if (ms < leastMs || ms > mostMs) throw new Error(`valid value is between ${goDuration(leastMs)} and ${goDuration(mostMs)}, got ${goDuration(ms)}`);
  return ms;
}

/** The plugin's part of the admission configuration: {imagePolicy: {kubeConfigFile, allowTTL, …}}. Throws what is wrong with it. */
export function parseImagePolicy(config: unknown): { readonly kubeConfigFile: string; readonly settings: ImagePolicySettings } {
  const own = isObject(config) && isObject(config.imagePolicy) ? config.imagePolicy : undefined;
  if (own === undefined) throw new Error('no config specified');
  return {
    kubeConfigFile: typeof own.kubeConfigFile === 'string' ? own.kubeConfigFile : '',
    settings: {
      retryBackoffMs: durationOf(own.retryBackoff, durations.retryBackoff), allowMs: durationOf(own.allowTTL, durations.allowTTL), denyMs: durationOf(own.denyTTL, durations.denyTTL),
      defaultAllow: own.defaultAllow === true,
    },
  };
}

/** Pods when they are made or changed, and the containers that are added for debugging. */
export function imagePolicyWebhook(world: Pick<World, 'clock' | 'random' | 'log'>, client: ReviewClient, settings: ImagePolicySettings): AdmissionPlugin {
  const answers = expiringAnswers<ImageReviewStatus>(world.clock, mostAnswers);
  return {
    name: 'ImagePolicyWebhook',
    handles: (operation, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && resource.group === '' && resource.plural === 'pods' && (subresource === '' || subresource === 'ephemeralcontainers'),
    async validate(request) {
      const pod = request.object as (KubeObject & Pod) | undefined;
      if (pod === undefined) return;
      const spec = reviewSpec(request, pod);
      const key = JSON.stringify(spec);
      let status = answers.get(key);
      if (status === undefined) {
        try {
          status = await review(world, client, settings, spec, request.signal);
        } catch (error) {
          if (!settings.defaultAllow) throw refused(request, errorText(error));
          world.log.warn('image policy webhook cannot be asked: allowed', { error: errorText(error) });
          request.annotate(`${auditPrefix}failed-open`, 'true');
          pod.metadata = { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [failedOpenKey]: 'true' } };
          return;
        }
        answers.set(key, status, status.allowed === true ? settings.allowMs : settings.denyMs);
      }
      for (const [name, value] of Object.entries(status.auditAnnotations ?? {})) request.annotate(auditPrefix + name, value);
      if (status.allowed === true) return;
      const { reason = '' } = status;
      throw refused(request, reason === '' ? 'one or more images rejected by webhook backend' : `image policy webhook backend denied one or more images: ${reason}`);
    },
  };
}

function refused(request: AdmissionRequest, message: string): Error {
  return forbidden({ group: '', resource: 'pods' }, request.name, message);
}

function reviewSpec(request: AdmissionRequest, pod: KubeObject & Pod): NonNullable<ImageReview['spec']> {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? { containers: [] };
  const asked = request.subresource === '' ? [...containers, ...initContainers] : ephemeralContainers;
  const annotations = Object.fromEntries(Object.entries(pod.metadata?.annotations ?? {}).filter(([key]) => key.includes('.image-policy.k8s.io/')));
  return {
    ...(asked.length === 0 ? {} : { containers: asked.map(({ image }) => (image === undefined ? {} : { image })) }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(request.namespace === '' ? {} : { namespace: request.namespace }),
  };
}

async function review(world: Pick<World, 'clock' | 'random'>, client: ReviewClient, settings: ImagePolicySettings, spec: object, signal?: AbortSignal): Promise<ImageReviewStatus> {
  let pauseMs = settings.retryBackoffMs;
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await client.post({ kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: {}, spec, status: { allowed: false } }, { signal });
      if (!isObject(answer) || answer.kind !== 'ImageReview') throw new Error(`no kind ${goQuote(isObject(answer) ? String(answer.kind) : '')} is registered for version "imagepolicy.k8s.io/v1alpha1"`);
      return (decodePatched('imagepolicy.v1alpha1.ImageReview', answer).object as KubeObject & ImageReview).status ?? { allowed: false };
    } catch (error) {
      if (attempt === attempts || !client.isTransient(error)) throw error;
      await sleep(world.clock, pauseMs * (1 + backoffJitter * world.random.next()), signal);
      pauseMs *= backoffFactor;
    }
  }
}
