// Health endpoints: /healthz, /livez and /readyz with ?verbose and ?exclude, and each check under its own path.
// Texts are upstream's, which scripts parse. The reason of a failure goes to the log, not to the caller.
import type { Log } from '#base/log.ts';
import { errorText } from '#base/errors.ts';
import type { Call } from '../request/call.ts';
import { answer } from '../request/call.ts';

export interface HealthCheck {
  readonly name: string;
  /** Throws why it is not well. */
  check(): Promise<void> | void;
}

export interface HealthEndpoint {
  readonly name: 'healthz' | 'livez' | 'readyz';
  readonly checks: () => readonly HealthCheck[];
}

/** What each check said, for metrics. */
export interface CheckCounts {
  told(name: string, type: string, isWell: boolean): void;
}

const plainText = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

async function failureOf(check: HealthCheck, counts: CheckCounts | undefined, type: string): Promise<string | undefined> {
  try {
    await check.check();
    counts?.told(check.name, type, true);
    return undefined;
  } catch (error) {
    counts?.told(check.name, type, false);
    return errorText(error);
  }
}

/** What each endpoint's failure was when it was told: a prober that asks ten times a second is no news. */
const told = new WeakMap<HealthEndpoint, string>();

/** All checks of an endpoint. */
export async function answerHealth(call: Call, endpoint: HealthEndpoint, log: Log, counts?: CheckCounts): Promise<void> {
  const { query } = call.info;
  const excluded = new Set(query.getAll('exclude'));
  const unknown = new Set(excluded);
  const failed: string[] = [];
  let text = '';
  for (const check of endpoint.checks()) {
    if (excluded.has(check.name)) {
      unknown.delete(check.name);
      text += `[+]${check.name} excluded: ok\n`;
      continue;
    }
    const why = await failureOf(check, counts, endpoint.name);
    if (why === undefined) {
      text += `[+]${check.name} ok\n`;
    } else {
      failed.push(`${check.name}: ${why}`);
      text += `[-]${check.name} failed: reason withheld\n`;
    }
  }
  if (unknown.size > 0) text += `warn: some health checks cannot be excluded: no matches for ${[...unknown].sort().map((name) => JSON.stringify(name)).join(',')}\n`;
  if (failed.length > 0) {
    const news = failed.join('\n');
    if (told.get(endpoint) !== news) log.warn(`${endpoint.name} check failed`, { failed });
    told.set(endpoint, news);
    answer(call, 500, { ...plainText }, `${text}${endpoint.name} check failed\n`);
    return;
  }
  told.delete(endpoint);
  answer(call, 200, { ...plainText }, query.has('verbose') ? `${text}${endpoint.name} check passed\n` : 'ok');
}

/** One check under its own path. */
export async function answerCheck(call: Call, endpoint: HealthEndpoint, name: string, counts?: CheckCounts): Promise<void> {
  const check = endpoint.checks().find((candidate) => candidate.name === name);
  if (check === undefined) {
    answer(call, 404, { ...plainText }, '404 page not found\n');
    return;
  }
  const why = await failureOf(check, counts, endpoint.name);
  if (why === undefined) answer(call, 200, { ...plainText }, 'ok');
  else answer(call, 500, { ...plainText }, `internal server error: ${why}\n`);
}
