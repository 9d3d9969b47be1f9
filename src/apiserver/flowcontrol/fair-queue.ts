// One queue of a priority level, and the requests in it. A request waits here until the queue set picks it, then
// counts as executing from this queue until its last seat is free. Requests of levels without queues have none.
import type { Flow } from './flow.ts';
import type { Call } from '../request/call.ts';

/** How much of the server a request takes: seats while it runs, and seats held for a while after it. */
export interface Width {
  readonly initialSeats: number;
  readonly finalSeats: number;
  /** How long the final seats are held when the request is over. */
  readonly extraMs: number;
}

export const oneSeat: Width = { initialSeats: 1, finalSeats: 0, extraMs: 0 };

/** How long a request is taken to run when it is dispatched; corrected when it ends. */
export const estimatedMs = 3;

export class Occupant {
  readonly flow: Flow;
  readonly call: Call;
  readonly queue: FairQueue | undefined;
  readonly arrivedMs: number;
  /** The progress of the queue set at its arrival. */
  readonly arrivalProgress: number;
  width: Width;
  /** The most it holds at a time. */
  readonly seats: number;
  /** Seat-milliseconds. */
  readonly work: number;
  startedMs = -1;
  /** Of the queue set, in which it was started. */
  turn = -1;
  state: 'waiting' | 'executing' | 'over' = 'waiting';
  /** Called once, when a waiting request may run. */
  onDispatch: (() => void) | undefined;

  constructor(flow: Flow, call: Call, width: Width, queue: FairQueue | undefined, arrivedMs: number, arrivalProgress: number) {
    this.flow = flow;
    this.call = call;
    this.width = width;
    this.queue = queue;
    this.arrivedMs = arrivedMs;
    this.arrivalProgress = arrivalProgress;
    this.seats = Math.max(width.initialSeats, width.finalSeats);
    this.work = width.initialSeats * estimatedMs + width.finalSeats * width.extraMs;
  }
}

export class FairQueue {
  readonly index: number;
  readonly waiting: Occupant[] = [];
  readonly executing = new Set<Occupant>();
  /** The progress at which the next request would be dispatched if all queues were served at once. */
  nextDispatch = 0;
  seatsInUse = 0;
  /** Work of those waiting, in seat-milliseconds. */
  waitingWork = 0;

  constructor(index: number) {
    this.index = index;
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.executing.size === 0;
  }

  /** Dispatch never comes before arrival: a queue that used less than its share saves nothing up. */
  bound(): void {
    const oldest = this.waiting[0];
    if (oldest !== undefined && this.nextDispatch < oldest.arrivalProgress) this.nextDispatch = oldest.arrivalProgress;
  }
}
