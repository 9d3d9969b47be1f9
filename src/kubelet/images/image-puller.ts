// Images for containers: present, pulled or refused by policy, with upstream's events, errors and back-off
// (10 s doubling to 5 min per pod and image). Pulls run side by side up to a limit; two pods that want the
// same image with the same credentials share one pull.
import type { Container, Pod, Secret } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { EventRecorder } from '#client';
import type { AuthConfig, Image, PodSandboxConfig, Runtime } from '#runtime';
import { createBackoffTable, durationText } from '../backoff.ts';
import { containerFieldPath, uidOf } from '../pod.ts';
import { StartError } from '../start-error.ts';
import { credentialsFor } from './image-credentials.ts';
import { withDefaultTag } from './image-name.ts';

export interface ImageRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly secrets: readonly Secret[];
  readonly sandboxConfig: PodSandboxConfig;
  readonly signal: AbortSignal;
}

export interface ImagePuller {
  /** The image, here. Throws StartError. */
  ensure(request: ImageRequest): Promise<Image>;
  /** Drops the back-off of a pod that is gone. */
  forget(podUid: string): void;
  /** When each image was last used or pulled here; for garbage collection. */
  readonly pulling: number;
}

function createLimiter(limit: number): <T>(run: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}

export function createImagePuller(world: World, runtime: Runtime, recorder: EventRecorder, options: { readonly maxParallelPulls: number; readonly maxBackoffMs: number }): ImagePuller {
  const { clock } = world;
  const backoff = createBackoffTable(clock, 10_000, options.maxBackoffMs);
  const lastError = new Map<string, string>();
  const limited = createLimiter(options.maxParallelPulls);
  const running = new Map<string, Promise<number>>();

  const pullOnce = async (image: string, auths: readonly (AuthConfig | undefined)[], request: ImageRequest): Promise<void> => {
    let failure: unknown;
    for (const auth of auths) {
      try {
        await runtime.pullImage(image, auth, request.sandboxConfig, request.signal);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };

  /** Milliseconds that the pull itself took. */
  const shared = (image: string, auths: readonly (AuthConfig | undefined)[], request: ImageRequest): Promise<number> => {
    const key = `${image}|${JSON.stringify(auths)}`;
    const known = running.get(key);
    if (known !== undefined) return known;
    const pull = limited(async () => {
      const start = clock.monotonic();
      await pullOnce(image, auths, request);
      return clock.monotonic() - start;
    }).finally(() => running.delete(key));
    running.set(key, pull);
    return pull;
  };

  const pull = async (image: string, request: ImageRequest): Promise<Image> => {
    const { pod, container } = request;
    const about = { fieldPath: containerFieldPath(pod, container.name) };
    const key = `${uidOf(pod)}_${image}`;
    const until = backoff.waitsUntilUpdate(key);
    if (until !== undefined) {
      recorder.event(pod, 'Normal', 'BackOff', `Back-off pulling image "${image}"`, about);
      const before = lastError.get(key);
      throw new StartError('ImagePullBackOff', `Back-off pulling image "${image}"${before === undefined ? '' : `: ${before}`}`, until);
    }
    lastError.delete(key);
    recorder.event(pod, 'Normal', 'Pulling', `Pulling image "${image}"`, about);
    const start = clock.monotonic();
    const auths = credentialsFor(image, request.secrets);
    try {
      const tookMs = await shared(image, auths.length > 0 ? auths : [undefined], request);
      const found = await runtime.imageStatus(image, request.signal);
      if (found === undefined) throw new Error(`image "${image}" is not there after its pull`);
      const waited = Math.round(clock.monotonic() - start);
      recorder.event(pod, 'Normal', 'Pulled', `Successfully pulled image "${image}" in ${durationText(Math.round(tookMs))} (${durationText(waited)} including waiting). Image size: ${found.size} bytes.`, about);
      return found;
    } catch (error) {
      if (request.signal.aborted) throw error;
      const text = errorText(error);
      recorder.event(pod, 'Warning', 'Failed', `Failed to pull image "${image}": ${text}`, about);
      backoff.next(key, clock.now());
      lastError.set(key, `ErrImagePull: ${text}`);
      throw new StartError('ErrImagePull', text, clock.now() + backoff.waitMs(key));
    }
  };

  return {
    get pulling() {
      return running.size;
    },
    async ensure(request) {
      const { pod, container } = request;
      const wanted = container.image ?? '';
      const about = { fieldPath: containerFieldPath(pod, container.name) };
      let image: string;
      try {
        image = withDefaultTag(wanted);
      } catch (error) {
        const message = `Failed to apply default image tag "${wanted}": ${errorText(error)}`;
        recorder.event(pod, 'Warning', 'InspectFailed', message, about);
        throw new StartError('InvalidImageName', message);
      }
      const policy = container.imagePullPolicy ?? (image.endsWith(':latest') ? 'Always' : 'IfNotPresent');
      if (policy !== 'Always') {
        let here: Image | undefined;
        try {
          here = await runtime.imageStatus(image, request.signal);
        } catch (error) {
          const message = `Failed to inspect image "${image}": ${errorText(error)}`;
          recorder.event(pod, 'Warning', 'InspectFailed', message, about);
          throw new StartError('ImageInspectError', message, clock.now() + 10_000);
        }
        if (here !== undefined) {
          recorder.event(pod, 'Normal', 'Pulled', `Container image "${wanted}" already present on machine and can be accessed by the pod`, about);
          return here;
        }
        if (policy === 'Never') {
          const message = `Container image "${wanted}" is not present with pull policy of Never`;
          recorder.event(pod, 'Warning', 'ErrImageNeverPull', message, about);
          throw new StartError('ErrImageNeverPull', message, clock.now() + 10_000);
        }
      }
      return pull(image, request);
    },
    forget(podUid) {
      backoff.forget(`${podUid}_`);
      for (const key of lastError.keys()) if (key.startsWith(`${podUid}_`)) lastError.delete(key);
    },
  };
}
