// Runs the post-start hooks at the same time, as upstream does, each until it succeeds: what all of them write on an empty
// store shares commits. Those that run in the background hold nobody up. /readyz shows each as poststarthook/<name>.
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { ObjectWriter, PostStartHook } from '../contract.ts';
import type { HealthCheck } from '../health/checks.ts';

const firstRetryMs = 100;
const longestRetryMs = 5000;

export interface HookRunner {
  readonly checks: readonly HealthCheck[];
  /** Resolves when every hook has succeeded; rejects when `signal` aborts. */
  run(writer: ObjectWriter, signal: AbortSignal): Promise<void>;
}

export function createHookRunner(world: World, hooks: readonly PostStartHook[]): HookRunner {
  const done = new Set<string>();
  return {
    checks: hooks.map((hook) => ({
      name: `poststarthook/${hook.name}`,
      check() {
        if (hook.background !== true && !done.has(hook.name)) throw new Error('not finished');
      },
    })),
    async run(writer, signal) {
      const runOne = async (hook: PostStartHook): Promise<void> => {
        for (let wait = firstRetryMs; !done.has(hook.name); wait = Math.min(longestRetryMs, wait * 2)) {
          try {
            await hook.run(writer, signal);
            done.add(hook.name);
          } catch (error) {
            signal.throwIfAborted();
            world.log.warn('post-start hook failed', { hook: hook.name, error: errorText(error) });
            await sleep(world.clock, wait, signal);
          }
        }
      };
      for (const hook of hooks) if (hook.background === true) runOne(hook).catch(() => undefined);
      await Promise.all(hooks.filter((hook) => hook.background !== true).map(runOne));
    },
  };
}
