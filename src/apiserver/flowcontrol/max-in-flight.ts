// What guards the server when priority and fairness is off: two bounds, for reads and for writes. Beyond them
// everybody is refused but system:masters. Watches and streams do not count.
import type { World } from '#base/world.ts';
import type { Call } from '../request/call.ts';
import { exposeKinds } from './flow-metrics.ts';
import { isReadOnly, TooManyRequests, type Doorman, type Permit } from './permit.ts';
import { KindTally } from './tallies.ts';

const retryAfterSeconds = 1;

/** @param limits 0: no limit. */
export function createMaxInFlight(world: World, limits: { readonly readOnly: number; readonly mutating: number }): Doorman<Call> {
  const { clock } = world;
  const tally = (limit: number): KindTally => {
    const made = new KindTally(clock.monotonic());
    made.ratio.setDenominator(Math.max(1, limit), clock.monotonic());
    return made;
  };
  const executing = { readOnly: tally(limits.readOnly), mutating: tally(limits.mutating) };
  exposeKinds(world.metrics, clock, { executing, waiting: { readOnly: tally(1), mutating: tally(1) } });
  const permitOf = (kind: KindTally): Permit => {
    kind.add(1, clock.monotonic());
    let held = true;
    return {
      initialized() {},
      release() {
        if (held) kind.add(-1, clock.monotonic());
        held = false;
      },
    };
  };
  const permits = { readOnly: () => permitOf(executing.readOnly), mutating: () => permitOf(executing.mutating) };
  return {
    admit(call) {
      if (call.longRunning) return undefined;
      const kind = isReadOnly(call.info.verb) ? 'readOnly' : 'mutating';
      const limit = limits[kind];
      if (limit === 0) return undefined;
      if (executing[kind].now < limit) return permits[kind]();
      if (call.user.groups.includes('system:masters')) return undefined;
      throw new TooManyRequests(retryAfterSeconds);
    },
  };
}
