// One leader among many candidates, by a coordination.k8s.io Lease (client-go's leaderelection). A lease is
// taken when nobody holds it or when its holder has not renewed it for its whole duration as *this* process'
// clock saw it: clocks of different machines are never compared. A leader that cannot renew within the
// deadline stops before anyone else can take over.
import type { Lease } from '#api/coordination/v1.ts';
import { rfc3339Micro, sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { jitter } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { isConflict, isNotFound } from '#machinery';
import type { Client } from './contract.ts';

export interface LeaderElectionOptions {
  /** The lease's name. */
  readonly lease: string;
  readonly namespace: string;
  /** Unique among the candidates. */
  readonly identity: string;
  /** How long others wait after the last renewal (15 s). */
  readonly leaseDurationMs?: number;
  /** How long a leader tries to renew before it gives up (10 s). */
  readonly renewDeadlineMs?: number;
  /** Between tries (2 s). */
  readonly retryMs?: number;
  /** The lease is given free at the end, so that the next candidate need not wait. True by default. */
  readonly releaseOnStop?: boolean;
}

export interface LeaderCallbacks {
  /** The signal aborts when leadership is lost or the election stops. */
  onStarted(signal: AbortSignal): Promise<void> | void;
  onStopped(): void;
}

interface Observed {
  readonly text: string;
  readonly atMs: number;
}

/**
 * Takes part in the election until `signal` aborts; after a lost leadership it stands again. Resolves after
 * the lease has been released.
 */
export async function runLeaderElection(world: World, client: Client, options: LeaderElectionOptions, callbacks: LeaderCallbacks, signal: AbortSignal): Promise<void> {
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options;
  const { clock, log } = world;
  const leases = client.resource<Lease>('leases.coordination.k8s.io').in(options.namespace);
  let observed: Observed | undefined;
  let held: Lease | undefined;

  const attempt = async (limit: AbortSignal): Promise<boolean> => {
    const now = rfc3339Micro(clock.now());
    const durationSeconds = Math.ceil(leaseDurationMs / 1000);
    const found = await leases.get(options.lease, { signal: limit }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (found === undefined) {
      const spec = { holderIdentity: options.identity, leaseDurationSeconds: durationSeconds, acquireTime: now, renewTime: now, leaseTransitions: 0 };
      held = await leases.create({ metadata: { name: options.lease, namespace: options.namespace }, spec }, { signal: limit });
      return true;
    }
    const text = `${found.spec?.holderIdentity ?? ''} ${found.spec?.renewTime ?? ''} ${found.metadata?.resourceVersion ?? ''}`;
    if (observed?.text !== text) observed = { text, atMs: clock.monotonic() };
    const holder = found.spec?.holderIdentity ?? '';
    const mine = holder === options.identity;
    const validMs = (found.spec?.leaseDurationSeconds ?? durationSeconds) * 1000;
    if (!mine && holder !== '' && clock.monotonic() - observed.atMs < validMs) return false;
    const transitions = (found.spec?.leaseTransitions ?? 0) + (mine ? 0 : 1);
    const spec = { ...found.spec, holderIdentity: options.identity, leaseDurationSeconds: durationSeconds, acquireTime: mine ? found.spec?.acquireTime : now, renewTime: now, leaseTransitions: transitions };
    held = await leases.update({ ...found, spec }, { signal: limit });
    return true;
  };

  /** Tries until it worked, or `withinMs` have passed, or the election ends. */
  const tryUntil = async (withinMs: number): Promise<boolean> => {
    const end = clock.monotonic() + withinMs;
    while (!signal.aborted && clock.monotonic() < end) {
      const limit = new AbortController();
      const timer = clock.after(Math.min(end - clock.monotonic(), renewDeadlineMs), () => limit.abort(new Error('lease: no answer in time')), { background: true });
      try {
        if (await attempt(AbortSignal.any([signal, limit.signal]))) return true;
      } catch (error) {
        if (!signal.aborted) log[isConflict(error) ? 'debug' : 'warn']('lease not taken, will retry', { lease: options.lease, error: errorText(error) });
      } finally {
        timer.cancel();
      }
      await sleep(clock, jitter(world.random, retryMs, 0.2), signal).catch(() => undefined);
    }
    return false;
  };

  const release = async (): Promise<void> => {
    if (options.releaseOnStop === false || held === undefined) return;
    const now = rfc3339Micro(clock.now());
    const spec = { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
    await leases.update({ ...held, spec }).catch((error: unknown) => log.debug('lease not released', { lease: options.lease, error: errorText(error) }));
    held = undefined;
  };

  while (!signal.aborted) {
    if (!(await tryUntil(Number.POSITIVE_INFINITY))) break;
    log.info('became leader', { lease: options.lease, identity: options.identity });
    const term = new AbortController();
    const work = Promise.resolve(callbacks.onStarted(AbortSignal.any([signal, term.signal]))).catch((error: unknown) =>
      log.error('the leader failed', { lease: options.lease, error: errorText(error) }),
    );
    let leading = true;
    while (leading && !signal.aborted) {
      await sleep(clock, retryMs, signal).catch(() => undefined);
      if (!signal.aborted) leading = await tryUntil(renewDeadlineMs);
    }
    if (!signal.aborted) log.warn('leadership lost', { lease: options.lease, identity: options.identity });
    term.abort(new Error('leadership lost'));
    await work;
    if (signal.aborted) await release();
    callbacks.onStopped();
  }
}
