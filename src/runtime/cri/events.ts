// Container events without polling: CRI's own stream where the runtime has one (containerd 1.7 and later),
// else containerd's native events. Either way the stream is reopened whenever it breaks, and `onGap` is
// called once a new one stands, because what happened between is unknown. Native events run ahead of CRI's
// status; agreement.ts holds them back.
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { RuntimeEvent } from '../contract.ts';
import { toRuntimeError, type GrpcService } from '../grpc.ts';
import { isRuntimeUnimplemented } from '../runtime-error.ts';
import { inAgreement } from './agreement.ts';

export interface EventSources {
  /** CRI's RuntimeService. */
  readonly cri: GrpcService;
  /** containerd's Events service. */
  readonly native: GrpcService;
}

/** The text of field `number` in a protobuf message; undefined when it has none. Events need no more than that. */
export function stringField(message: Uint8Array, number: number): string | undefined {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag % 8;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      if (Math.floor(tag / 8) === number) return Buffer.from(message.subarray(at, at + length)).toString('utf8');
      at += length;
    } else return undefined;
  }
  return undefined;
}

/** What a native event says; undefined for what nobody needs (exec processes, images, snapshots). */
export function nativeEvent(topic: string, body: Uint8Array): RuntimeEvent | undefined {
  const id = stringField(body, 1);
  if (id === undefined) return undefined;
  switch (topic) {
    case '/containers/create': return { kind: 'created', id };
    case '/tasks/start': return { kind: 'started', id };
    case '/tasks/exit': return stringField(body, 2) === id ? { kind: 'stopped', id } : undefined;
    case '/tasks/oom': return { kind: 'oom', id };
    case '/containers/delete': return { kind: 'deleted', id };
    default: return undefined;
  }
}

const criKinds: Readonly<Record<string, RuntimeEvent['kind']>> = {
  CONTAINER_CREATED_EVENT: 'created',
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'stopped',
  CONTAINER_DELETED_EVENT: 'deleted',
};

function criEvent(message: unknown): RuntimeEvent | undefined {
  if (typeof message !== 'object' || message === null || !('container_id' in message) || !('container_event_type' in message)) return undefined;
  const kind = criKinds[String(message.container_event_type)];
  return kind === undefined ? undefined : { kind, id: String(message.container_id) };
}

function nativeEnvelope(message: unknown): RuntimeEvent | undefined {
  if (typeof message !== 'object' || message === null || !('topic' in message) || !('event' in message)) return undefined;
  const body = message.event;
  if (typeof body !== 'object' || body === null || !('value' in body) || !(body.value instanceof Uint8Array)) return undefined;
  return nativeEvent(String(message.topic), body.value);
}

/** One stream to its end: rejects with why it ended. */
function follow(stream: ReturnType<GrpcService['serverStream']>, onMessage: (message: unknown) => void): Promise<never> {
  return new Promise((_, reject) => {
    stream.on('data', onMessage);
    stream.on('error', (error) => reject(toRuntimeError(error)));
    stream.on('end', () => reject(new Error('the event stream ended')));
  });
}

const nativeFilters = ['namespace==k8s.io,topic~="^/tasks/(start|exit|oom)$"', 'namespace==k8s.io,topic~="^/containers/(create|delete)$"'];

/** Follows events until the signal aborts. */
export async function followEvents(world: World, sources: EventSources, signal: AbortSignal, onEvent: (event: RuntimeEvent) => void, onGap: () => void): Promise<void> {
  const { cri, native } = sources;
  let useNative = false;
  let opened = 0;
  const passAgreed = inAgreement(world, cri, signal, onEvent);
  const pass = (event: RuntimeEvent | undefined): void => {
    if (event === undefined || signal.aborted) return;
    if (useNative) passAgreed(event);
    else onEvent(event);
  };
  while (!signal.aborted) {
    try {
      const stream = useNative
        ? follow(native.serverStream('Subscribe', { filters: nativeFilters }, signal), (message) => pass(nativeEnvelope(message)))
        : follow(cri.serverStream('GetContainerEvents', {}, signal), (message) => pass(criEvent(message)));
      // A stream is answered only with its first event, so it counts as standing once the server is reached.
      await Promise.race([stream, cri.call('Version', {}, { signal, timeoutMs: 5000 })]);
      if (opened++ > 0) onGap();
      await stream;
    } catch (error) {
      if (signal.aborted) return;
      if (!useNative && isRuntimeUnimplemented(error)) {
        useNative = true;
        opened = 0;
        continue;
      }
      world.log.debug('event stream broke', { err: error });
    }
    await sleep(world.clock, 200, signal).catch(() => {});
  }
}
