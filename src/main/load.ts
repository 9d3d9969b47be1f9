// How much the API server takes on at a time, and how it lets go on SIGTERM: /readyz says no at once; after a delay, in
// which load balancers notice, clients are asked to go elsewhere, watches end, and what is under way is finished. Then
// the port closes.
import type { ApiServer, ApiServerConfig } from '#apiserver';
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { UserError } from '#cli';
import type { HttpServer, ServeOptions } from '#wire';
import type { ApiserverFlags } from './apiserver-flags.ts';

export interface Load {
  readonly server: Pick<ApiServerConfig, 'flow' | 'minWatchSeconds' | 'requestTimeoutMs' | 'turnBudgetMs' | 'watchesPerUser'>;
  readonly listener: Pick<ServeOptions, 'goawayChance' | 'limits'>;
  /** Resolves when nothing but streams is under way. */
  drain(world: World, server: ApiServer, listener: HttpServer): Promise<void>;
}

/** Others wait at most for this and the answers of one write to the disk; a smaller share makes writes to the disk smaller too. */
const turnBudgetMs = 10;

/** Throws UserError with upstream's words. */
export function loadOf(flags: ApiserverFlags): Load {
  const readOnly = flags.get('max-requests-inflight');
  const mutating = flags.get('max-mutating-requests-inflight');
  const fair = flags.get('enable-priority-and-fairness');
  const requestTimeoutMs = flags.get('request-timeout');
  const goawayChance = flags.get('goaway-chance');
  const streams = flags.get('http2-max-streams-per-connection');
  const watchesPerUser = flags.get('max-watches-per-user');
  const refuse = (text: string): never => {
    throw new UserError(text, 'see --help');
  };
  if (readOnly < 0) refuse('--max-requests-inflight can not be negative value');
  if (mutating < 0) refuse('--max-mutating-requests-inflight can not be negative value');
  if (fair && readOnly + mutating <= 0) refuse('sum of --max-requests-inflight and --max-mutating-requests-inflight must be positive when --enable-priority-and-fairness is set');
  if (watchesPerUser < 0) refuse('--max-watches-per-user can not be negative value');
  const minWatchSeconds = flags.get('min-request-timeout');
  if (minWatchSeconds < 0) refuse('--min-request-timeout can not be negative value');
  if (requestTimeoutMs < 0) refuse('--request-timeout can not be negative value');
  if (goawayChance < 0 || goawayChance > 0.02) refuse('--goaway-chance can not be less than 0 or greater than 0.02');
  if (flags.get('shutdown-delay-duration') < 0) refuse('--shutdown-delay-duration can not be negative value');
  return {
    server: { flow: { readOnly, mutating, fair }, minWatchSeconds, requestTimeoutMs, turnBudgetMs, watchesPerUser },
    listener: { goawayChance, limits: { answerMs: requestTimeoutMs, ...(streams > 0 ? { streamsPerConnection: streams } : {}) } },
    async drain(world, server, listener) {
      server.beginShutdown();
      await sleep(world.clock, flags.get('shutdown-delay-duration'));
      if (flags.get('shutdown-send-retry-after')) server.turnAway();
      else listener.drain();
      await server.drained(requestTimeoutMs);
    },
  };
}
