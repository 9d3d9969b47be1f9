// GET /containerLogs/{namespace}/{pod}/{container}: the log as text, chunk by chunk, no faster than the
// client reads.
import { parseTime } from '#base/clock.ts';
import type { Exchange } from '#wire';
import type { KubeletCore } from '../core.ts';
import { type LogOptions, readLog } from '../logs/log-reader.ts';
import { refOf, uidOf } from '../pod.ts';
import type { PodSet } from '../pods/pod-set.ts';
import { HttpError } from './answers.ts';
import { logContainer, requireContainer } from './targets.ts';

const isTrue = (text: string | null): boolean => text === 'true' || text === '1' || text === '';

function count(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new HttpError(400, '{"message": "Unable to decode query."}');
  if (value < least) throw new HttpError(422, '{"message": "Invalid request."}');
  return value;
}

/** Throws HttpError for what is no good. */
export function logOptions(query: URLSearchParams, nowMs: number): LogOptions & { readonly previous: boolean } {
  const tail = query.get('tail');
  const tailLines = tail !== null && tail !== '' && tail !== 'all' ? Number(tail) : tail === 'all' ? undefined : count(query, 'tailLines', 0);
  const sinceSeconds = count(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime !== null && sinceTime !== '') throw new HttpError(422, '{"message": "Invalid request."}');
  const stream = query.get('stream') ?? 'All';
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') throw new HttpError(400, `invalid stream type "${stream}"`);
  const sinceMs = sinceSeconds !== undefined ? nowMs - sinceSeconds * 1000 : sinceTime !== null && sinceTime !== '' ? parseTime(sinceTime) : undefined;
  if (sinceMs !== undefined && Number.isNaN(sinceMs)) throw new HttpError(400, '{"message": "Unable to decode query."}');
  return {
    follow: query.has('follow') && isTrue(query.get('follow')),
    previous: query.has('previous') && isTrue(query.get('previous')),
    timestamps: query.has('timestamps') && isTrue(query.get('timestamps')),
    tailLines, sinceMs, stream, limitBytes: count(query, 'limitBytes', 1),
  };
}

export async function serveContainerLogs(core: KubeletCore, pods: PodSet, exchange: Exchange, names: { namespace: string; pod: string; container: string }, query: URLSearchParams): Promise<void> {
  const options = logOptions(query, core.world.clock.now());
  const pod = pods.byName(names.namespace, names.pod);
  if (pod === undefined) throw new HttpError(404, `pod "${names.pod}" does not exist`);
  requireContainer(pod, names.container);
  const id = logContainer(pod, core.status.get(uidOf(pod)) ?? pod.status ?? {}, names.container, options.previous);
  const observed = await core.observer.observe(refOf(pod));
  const container = observed.containers.find((each) => each.id === id);
  if (container === undefined) throw new HttpError(500, `unable to retrieve container logs for containerd://${id}`);
  const running = async (): Promise<boolean> => {
    const now = (await core.observer.observe(refOf(pod))).containers.find((each) => each.id === id);
    return now?.state === 'running' || now?.state === 'created';
  };
  const body = exchange.start(200, { 'content-type': 'text/plain; charset=utf-8' });
  try {
    for await (const chunk of readLog({ files: core.host.files, clock: core.world.clock, path: container.logPath, running }, options, exchange.signal)) {
      if (!body.write(chunk)) await body.drained();
    }
    body.end();
  } catch (error) {
    body.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
