// The scheduling queue: pods ready to be tried (highest priority first, then oldest), pods waiting out a back-off,
// and pods that do not fit until something changes. A pod that was refused is tried again only after an event that
// one of the refusing plugins named (queueing hints), or after five minutes.
import type { Clock, Timer } from '#base/clock.ts';
import type { WakeEvent } from './framework.ts';
import type { PodInfo } from './pod-info.ts';

export interface Queued {
  readonly info: PodInfo;
  /** When it first came, for the order. */
  readonly addedMs: number;
  readonly attempts: number;
}

export interface SchedulingQueue {
  /** New or changed pod. A waiting pod whose spec or labels changed is tried again. */
  add(info: PodInfo): void;
  remove(key: string): void;
  /** The next pod; undefined when none is ready. It is out of the queue until `refused` or `retry`. */
  pop(): Queued | undefined;
  /** It fits nowhere: wait for one of the events. */
  refused(pod: Queued, wakeOn: ReadonlySet<WakeEvent>): void;
  /** Something failed on the way (a lost binding): try again after a back-off. */
  retry(pod: Queued): void;
  wake(event: WakeEvent): void;
  /** Calls back whenever a pod may have become ready. */
  onReady: () => void;
  readonly counts: { readonly active: number; readonly backoff: number; readonly unschedulable: number; readonly gated: number };
  close(): void;
}

const initialBackoffMs = 1000;
const maxBackoffMs = 10_000;
const flushMs = 5 * 60_000;

interface Waiting {
  readonly pod: Queued;
  readonly wakeOn: ReadonlySet<WakeEvent>;
  readonly sinceMs: number;
  readonly backoffUntilMs: number;
}

function before(a: Queued, b: Queued): boolean {
  return a.info.priority !== b.info.priority ? a.info.priority > b.info.priority : a.addedMs < b.addedMs;
}

/** Binary heap with the first pod at 0; removed pods are skipped when they surface. */
function createHeap(): { push(pod: Queued): void; pop(): Queued | undefined; readonly size: number } {
  const items: Queued[] = [];
  const at = (i: number): Queued => items[i] as Queued;
  const swap = (a: number, b: number): void => void ([items[a], items[b]] = [at(b), at(a)]);
  return {
    get size() {
      return items.length;
    },
    push(pod) {
      items.push(pod);
      for (let i = items.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!before(at(i), at(parent))) break;
        swap(i, parent);
        i = parent;
      }
    },
    pop() {
      const first = items[0];
      const last = items.pop();
      if (first === undefined || last === undefined) return undefined;
      if (items.length === 0) return first;
      items[0] = last;
      for (let i = 0; ; ) {
        const [left, right] = [2 * i + 1, 2 * i + 2];
        let best = i;
        if (left < items.length && before(at(left), at(best))) best = left;
        if (right < items.length && before(at(right), at(best))) best = right;
        if (best === i) return first;
        swap(i, best);
        i = best;
      }
    },
  };
}

function backoffMs(attempts: number): number {
  return Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.max(0, attempts - 1));
}

export function createSchedulingQueue(clock: Clock): SchedulingQueue {
  const heap = createHeap();
  const active = new Map<string, Queued>();
  const backoff = new Map<string, { pod: Queued; timer: Timer }>();
  const waiting = new Map<string, Waiting>();
  const gated = new Map<string, Queued>();
  let flusher: Timer | undefined;

  const activate = (pod: Queued): void => {
    active.set(pod.info.key, pod);
    heap.push(pod);
    queue.onReady();
  };
  const activateAfter = (pod: Queued, untilMs: number): void => {
    const delay = untilMs - clock.monotonic();
    if (delay <= 0) return activate(pod);
    const timer = clock.after(delay, () => {
      backoff.delete(pod.info.key);
      activate(pod);
    }, { background: true });
    backoff.set(pod.info.key, { pod, timer });
  };
  const forget = (key: string): Queued | undefined => {
    const held = active.get(key) ?? backoff.get(key)?.pod ?? waiting.get(key)?.pod ?? gated.get(key);
    active.delete(key);
    backoff.get(key)?.timer.cancel();
    backoff.delete(key);
    waiting.delete(key);
    gated.delete(key);
    return held;
  };
  const flush = (): void => {
    const now = clock.monotonic();
    for (const entry of [...waiting.values()]) {
      if (now - entry.sinceMs < flushMs) continue;
      waiting.delete(entry.pod.info.key);
      activateAfter(entry.pod, entry.backoffUntilMs);
    }
    flusher = waiting.size === 0 ? undefined : clock.after(30_000, flush, { background: true });
  };

  const queue: SchedulingQueue = {
    onReady: () => {},
    get counts() {
      return { active: active.size, backoff: backoff.size, unschedulable: waiting.size, gated: gated.size };
    },
    add(info) {
      const known = forget(info.key);
      const pod: Queued = { info, addedMs: known?.addedMs ?? clock.monotonic(), attempts: known?.attempts ?? 0 };
      if ((info.pod.spec?.schedulingGates ?? []).length > 0) gated.set(info.key, pod);
      else activate(pod);
    },
    remove: (key) => void forget(key),
    pop() {
      for (;;) {
        const pod = heap.pop();
        if (pod === undefined) return undefined;
        // Removed or replaced since it was pushed.
        if (active.get(pod.info.key) !== pod) continue;
        active.delete(pod.info.key);
        return { ...pod, attempts: pod.attempts + 1 };
      }
    },
    refused(pod, wakeOn) {
      const now = clock.monotonic();
      waiting.set(pod.info.key, { pod, wakeOn, sinceMs: now, backoffUntilMs: now + backoffMs(pod.attempts) });
      flusher ??= clock.after(30_000, flush, { background: true });
    },
    retry: (pod) => activateAfter(pod, clock.monotonic() + backoffMs(pod.attempts)),
    wake(event) {
      if (waiting.size === 0) return;
      for (const entry of [...waiting.values()]) {
        if (!entry.wakeOn.has(event)) continue;
        waiting.delete(entry.pod.info.key);
        activateAfter(entry.pod, entry.backoffUntilMs);
      }
    },
    close() {
      flusher?.cancel();
      for (const { timer } of backoff.values()) timer.cancel();
    },
  };
  return queue;
}
