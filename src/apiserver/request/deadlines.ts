// Requests that are not long-running have 60 seconds (upstream's --request-timeout), or less when the client
// says so with ?timeout=. One slow clock looks after all of them: a timer for each would cost more than most
// requests do.
import type { Clock } from '#base/clock.ts';
import { badRequest, timeout } from '#machinery';
import type { Call } from './call.ts';

const limitMs = 60_000;
const tickMs = 500;

export interface OpenDeadline {
  readonly at: number;
  readonly call: Call;
}

export interface Deadlines {
  /** From now on the call is given up with a 504 when its time is over. */
  open(call: Call): OpenDeadline;
  close(deadline: OpenDeadline): void;
}

/** "30s", "1m30s", "500ms" in ms; undefined when it is no duration. */
function parseDuration(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number = '0', , unit = 's'] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g)) total += Number(number) * (units[unit] ?? 0);
  return total;
}

function allowedMs(call: Call): number {
  const text = call.info.query.size === 0 ? null : call.info.query.get('timeout');
  if (text === null || text === '') return limitMs;
  const asked = parseDuration(text);
  if (asked === undefined) throw badRequest('invalid timeout specified in the request URL');
  return asked === 0 ? limitMs : Math.min(limitMs, asked);
}

export function createDeadlines(clock: Clock): Deadlines {
  const open = new Set<OpenDeadline>();
  let ticking = false;
  const tick = (): void => {
    const now = clock.monotonic();
    for (const deadline of open) {
      if (now < deadline.at) continue;
      open.delete(deadline);
      deadline.call.giveUp(timeout('request did not complete within the allotted timeout'));
    }
    ticking = open.size > 0;
    if (ticking) clock.after(tickMs, tick, { background: true });
  };
  return {
    open(call) {
      const deadline = { at: clock.monotonic() + allowedMs(call), call };
      open.add(deadline);
      if (!ticking) {
        ticking = true;
        clock.after(tickMs, tick, { background: true });
      }
      return deadline;
    },
    close(deadline) {
      open.delete(deadline);
    },
  };
}
