// Timers in the order in which they fall due; of two due at the same time the one set first goes first, which
// is what makes a run repeatable. A binary heap: a large cluster keeps tens of thousands of them.

export interface PendingTimer {
  readonly at: number;
  readonly serial: number;
  readonly run: () => void;
  state: 'waiting' | 'run' | 'cancelled';
}

export interface TimerHeap {
  push(timer: PendingTimer): void;
  /** The next timer that has not been cancelled. */
  peek(): PendingTimer | undefined;
  /** Removes what `peek` shows, as run. */
  pop(): PendingTimer | undefined;
  /** Cancels a waiting timer; false when it is none any more. */
  cancel(timer: PendingTimer): boolean;
  readonly size: number;
}

const before = (a: PendingTimer, b: PendingTimer): boolean => a.at < b.at || (a.at === b.at && a.serial < b.serial);

export function createTimerHeap(): TimerHeap {
  let heap: PendingTimer[] = [];
  let dead = 0;

  const siftUp = (from: number): void => {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      const child = heap[i];
      const above = heap[parent];
      if (child === undefined || above === undefined || !before(child, above)) return;
      heap[i] = above;
      heap[parent] = child;
      i = parent;
    }
  };
  const siftDown = (from: number): void => {
    for (let i = from; ; ) {
      let least = i;
      for (const side of [2 * i + 1, 2 * i + 2]) {
        const candidate = heap[side];
        const best = heap[least];
        if (candidate !== undefined && best !== undefined && before(candidate, best)) least = side;
      }
      const top = heap[i];
      const other = heap[least];
      if (least === i || top === undefined || other === undefined) return;
      heap[i] = other;
      heap[least] = top;
      i = least;
    }
  };
  const removeTop = (): PendingTimer | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) {
      heap[0] = last;
      siftDown(0);
    }
    return top;
  };
  const dropDead = (): void => {
    while (heap[0]?.state === 'cancelled') {
      removeTop();
      dead--;
    }
  };

  return {
    push(timer) {
      heap.push(timer);
      siftUp(heap.length - 1);
    },
    peek() {
      dropDead();
      return heap[0];
    },
    pop() {
      dropDead();
      const top = removeTop();
      if (top !== undefined) top.state = 'run';
      return top;
    },
    cancel(timer) {
      if (timer.state !== 'waiting') return false;
      timer.state = 'cancelled';
      dead++;
      // Cancelled timers (deadlines of requests) never outnumber the rest for long.
      if (dead >= 1_000 && dead >= heap.length / 2) {
        heap = heap.filter(({ state }) => state === 'waiting').sort((a, b) => a.at - b.at || a.serial - b.serial);
        dead = 0;
      }
      return true;
    },
    get size() {
      return heap.length - dead;
    },
  };
}
