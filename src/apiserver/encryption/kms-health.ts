// Health checks of key services: asked once for several who want to know, remembered for a while, and told as upstream
// tells them: a failed call by its part of the check when it was made, by the plugin's words alone while it is remembered.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';

const healthyTtlMs = 20_000;
const unhealthyTtlMs = 3000;

/** A call of a check that failed. */
class SectionError extends Error {
  override name = 'SectionError';
  /** What the call itself failed with. */
  readonly bare: Error;
  constructor(message: string, bare: Error) {
    super(message);
    this.bare = bare;
  }
}

/** @param part "encrypt" */
export async function inSection<T>(part: string, provider: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new SectionError(`failed to perform ${part} section of the healthz check for KMS Provider ${provider}, error: ${errorText(error)}`, error instanceof Error ? error : new Error(String(error)));
  }
}

export function remembered({ clock }: Pick<World, 'clock'>, ask: () => Promise<void>): () => Promise<void> {
  let last: { readonly error: Error | undefined; readonly untilMs: number } | undefined;
  let asking: Promise<void> | undefined;
  return () => {
    if (last !== undefined && clock.monotonic() < last.untilMs) return last.error === undefined ? Promise.resolve() : Promise.reject(last.error);
    asking ??= ask()
      .then(
        () => {
          last = { error: undefined, untilMs: clock.monotonic() + healthyTtlMs };
        },
        (error: unknown) => {
          const told = error instanceof Error ? error : new Error(String(error));
          last = { error: told instanceof SectionError ? told.bare : told, untilMs: clock.monotonic() + unhealthyTtlMs };
          throw told;
        },
      )
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}
