// The queues and seats of one priority level: fair queuing as in KEP-1040. A progress meter advances by the
// seat-time that each busy queue is given; a request is dispatched from the queue whose oldest request would be done
// first if all queues were served at once. Queues with much behind them so cannot delay those with little. While
// nothing waits and seats are free, a request goes straight through: no search, no timer, no promise.
// Requests that are answered within one turn of the event loop never meet, however many arrive together. Where a level
// is at its limit they keep their seats to the end of the turn, so that levels share turns by their seats.
import type { Clock } from '#base/clock.ts';
import type { Call } from '../request/call.ts';
import { estimatedMs, FairQueue, Occupant, type Width } from './fair-queue.ts';
import type { Flow } from './flow.ts';
import type { SeatDemand } from './seat-demand.ts';
import type { LevelTally } from './tallies.ts';

export interface Queuing {
  /** 0: requests beyond the limit are refused; -1: there is no limit. */
  readonly queues: number;
  readonly handSize: number;
  readonly lengthLimit: number;
}

/** So many a level keeps whether they are busy or not: making one costs more than finding it. */
const mostIdleQueues = 1024;

/** Calls once the present turn of the event loop is over. */
export type TurnEnd = (run: () => void) => void;

export class QueueSet {
  readonly #clock: Clock;
  readonly #demand: SeatDemand;
  readonly #tally: LevelTally;
  readonly #turnEnd: TurnEnd | undefined;
  #queuing: Queuing = { queues: 0, handSize: 1, lengthLimit: 0 };
  #limit = 0;
  /** Those that have been needed: a level may have ten million. */
  readonly #queues = new Map<number, FairQueue>();
  #queueCount = 0;
  /** Those in which a request waits. */
  readonly #queuesWaiting = new Set<FairQueue>();
  #progress = 0;
  #syncedMs: number;
  #busyQueues = 0;
  #robin = 0;
  #enqueued = 0;
  /** Seats given back since there was last reason to look at turns: a limit's worth is one. */
  #givenBack = 0;
  #byTurns = false;
  #turn = 0;
  /** Over, but in their seats until the turn ends. */
  #lingering: Occupant[] = [];
  /** Those that go through no queue. */
  readonly #unqueued = new Set<Occupant>();
  waiting = 0;
  seatsWaiting = 0;
  executing = 0;
  seatsInUse = 0;
  dispatched = 0;
  rejected = 0;
  cancelled = 0;
  /** For metrics: the progress at the last dispatch, and the bounds of what was next, with and without work under way. */
  readonly lastDispatch = { progress: 0, start: 0, least: 0, most: 0, discountedLeast: 0, discountedMost: 0 };

  /** @param turnEnd Without it, requests that are over give their seats back at once. */
  constructor(clock: Clock, demand: SeatDemand, tally: LevelTally, turnEnd?: TurnEnd) {
    this.#clock = clock;
    this.#demand = demand;
    this.#tally = tally;
    this.#turnEnd = turnEnd;
    this.#syncedMs = clock.monotonic();
  }

  /** How many there are. */
  get queueCount(): number {
    return this.#queueCount;
  }

  /** Those that have been needed; all others are idle. */
  get queues(): Iterable<FairQueue> {
    return this.#queues.values();
  }

  get unqueued(): ReadonlySet<Occupant> {
    return this.#unqueued;
  }

  get limit(): number {
    return this.#limit;
  }

  get isIdle(): boolean {
    return this.waiting === 0 && this.executing === 0;
  }

  /** Seat-milliseconds that each busy queue has been given. */
  get progress(): number {
    return this.#progress;
  }

  /** New queues come at once; superfluous ones go when they are empty. */
  configure(queuing: Queuing, limit: number, denominator: number): void {
    const now = this.#sync();
    this.#queuing = queuing;
    for (const queue of this.#queues.values()) this.#retire(queue);
    this.#countQueues();
    this.#limit = limit;
    this.#tally.waiting.setDenominator(Math.max(1, queuing.lengthLimit) * Math.max(1, queuing.queues), now);
    this.#tally.executing.setDenominator(denominator, now);
    this.#tally.seatUse.setDenominator(denominator, now);
    this.#tally.demand.setDenominator(denominator, now);
    this.#dispatchAll(now);
  }

  /** The request, executing or waiting; undefined when it is refused. */
  start(flow: Flow, call: Call, width: Width): Occupant | undefined {
    const now = this.#sync();
    const { tally } = flow;
    if (this.#queuing.queues < 1) {
      const occupant = new Occupant(flow, call, width, undefined, now, this.#progress);
      if (!this.#fits(occupant.seats)) {
        this.rejected++;
        tally.rejected['concurrency-limit']++;
        return undefined;
      }
      this.#run(occupant, now);
      return occupant;
    }
    const queue = this.#choose(flow.hand);
    // Those who linger have been answered: whoever comes in their stead is not one too many.
    if (this.seatsInUse >= this.#limit && queue.waiting.length - this.#lingering.length >= this.#queuing.lengthLimit) {
      queue.bound();
      this.#retire(queue);
      this.rejected++;
      tally.rejected['queue-full']++;
      return undefined;
    }
    const occupant = new Occupant(flow, call, width, queue, now, this.#progress);
    if (queue.isIdle) {
      queue.nextDispatch = this.#progress;
      this.#busyQueues++;
    }
    tally.queueLength.observe(queue.waiting.length + 1);
    if (this.waiting === 0 && this.seatsInUse < this.#limit && this.#fits(occupant.seats)) {
      this.#robin = queue.index;
      this.#dispatch(occupant, queue, now);
      return occupant;
    }
    queue.waiting.push(occupant);
    this.#queuesWaiting.add(queue);
    queue.waitingWork += occupant.work;
    this.#noteWaiting(occupant, 1, now);
    queue.bound();
    this.#dispatchAll(now);
    return occupant;
  }

  /** A waiting request will not be executed: its time is over, or its client has gone. */
  cancel(occupant: Occupant): void {
    const { queue } = occupant;
    const at = queue?.waiting.indexOf(occupant) ?? -1;
    if (queue === undefined || at < 0) return;
    const now = this.#sync();
    queue.waiting.splice(at, 1);
    if (queue.waiting.length === 0) this.#queuesWaiting.delete(queue);
    queue.waitingWork -= occupant.work;
    occupant.state = 'over';
    this.#noteWaiting(occupant, -1, now);
    this.rejected++;
    this.cancelled++;
    occupant.flow.tally.rejected['time-out']++;
    queue.bound();
    this.#leave(queue);
  }

  /** The request has been executed. Its seats may stay taken for a while. */
  finish(occupant: Occupant): void {
    const now = this.#sync();
    const { queue, flow, width } = occupant;
    occupant.state = 'over';
    this.executing--;
    flow.tally.executingRequests--;
    this.#tally.executing.set(this.executing, now);
    if (width.extraMs > 0) {
      this.#settle(occupant, now);
      this.#clock.after(width.extraMs, () => {
        const later = this.#sync();
        this.#release(occupant, later);
        this.#dispatchAll(later);
      }, { background: true });
    } else if (this.#byTurns && queue !== undefined && occupant.turn === this.#turn) {
      this.#lingering.push(occupant);
      return;
    } else {
      this.#settle(occupant, now);
      this.#release(occupant, now);
      if (queue !== undefined && (this.#givenBack += occupant.seats) >= this.#limit) this.#heedTurns();
    }
    if (this.waiting > 0) this.#dispatchAll(now);
  }

  /** As many seats as there are have been given back. If that was within one turn, the rest of the turn belongs to others. */
  #heedTurns(): void {
    this.#givenBack = 0;
    if (this.#byTurns || this.#turnEnd === undefined) return;
    this.#byTurns = true;
    this.#turnEnd(() => this.#nextTurn());
  }

  #nextTurn(): void {
    const now = this.#sync();
    const over = this.#lingering;
    this.#turn++;
    this.#givenBack = 0;
    this.#lingering = [];
    for (const occupant of over) {
      this.#settle(occupant, now);
      this.#release(occupant, now);
    }
    // When those who wait do so for requests that take longer than a turn, each of those gives its seat to the next.
    this.#byTurns = this.waiting > 0 && over.length > 0;
    if (this.#byTurns) this.#turnEnd?.(() => this.#nextTurn());
    this.#dispatchAll(now);
  }

  /** Its queue is charged with the time that it took: what it was charged with at its dispatch was an estimate. */
  #settle(occupant: Occupant, now: number): void {
    const { queue, width } = occupant;
    if (queue === undefined) {
      this.#unqueued.delete(occupant);
      return;
    }
    queue.executing.delete(occupant);
    queue.nextDispatch -= width.initialSeats * (estimatedMs - (now - occupant.startedMs));
    queue.bound();
    if (queue.isIdle) this.#busyQueues--;
  }

  #sync(): number {
    const now = this.#clock.monotonic();
    const passed = now - this.#syncedMs;
    this.#syncedMs = now;
    if (this.#busyQueues > 0) this.#progress += (passed * Math.min(this.seatsInUse + this.seatsWaiting, this.#limit)) / this.#busyQueues;
    return now;
  }

  /** Of the hand, the queue with the least work waiting; begun at another card each time. */
  #choose(hand: readonly number[]): FairQueue {
    const offset = this.#enqueued++ % hand.length;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < hand.length && least > 0; i++) {
      const index = hand[(offset + i) % hand.length] ?? 0;
      if (index >= this.#queueCount) continue;
      const work = this.#queues.get(index)?.waitingWork ?? 0;
      if (work < least) {
        least = work;
        best = index;
      }
    }
    if (best < 0) throw new Error('a hand without a queue');
    let queue = this.#queues.get(best);
    if (queue === undefined) this.#queues.set(best, (queue = new FairQueue(best)));
    return queue;
  }

  #fits(seats: number): boolean {
    if (this.#queuing.queues < 0) return true;
    // Wider than the level: alone, it may.
    if (seats > this.#limit) return this.executing === 0 && this.#lingering.length === 0;
    return this.seatsInUse + seats <= this.#limit;
  }

  #dispatchAll(now: number): void {
    while (this.waiting > 0 && this.seatsInUse < this.#limit) {
      const queue = this.#next();
      const occupant = queue?.waiting[0];
      if (queue === undefined || occupant === undefined) return;
      if (!this.#fits(occupant.seats)) {
        occupant.flow.tally.noAccommodation++;
        return;
      }
      this.#robin = queue.index;
      queue.waiting.shift();
      if (queue.waiting.length === 0) this.#queuesWaiting.delete(queue);
      queue.waitingWork -= occupant.work;
      this.#noteWaiting(occupant, -1, now);
      this.#dispatch(occupant, queue, now);
      occupant.onDispatch?.();
    }
  }

  /** The queue whose oldest request would be done first; among equals the next in turn. */
  #next(): FairQueue | undefined {
    const noted = this.lastDispatch;
    const count = this.#queueCount;
    let best: FairQueue | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    let turn = 0;
    noted.least = noted.discountedLeast = Number.POSITIVE_INFINITY;
    noted.most = noted.discountedMost = 0;
    for (const queue of this.#queuesWaiting) {
      const oldest = queue.waiting[0];
      if (oldest === undefined) continue;
      const discounted = queue.nextDispatch - queue.seatsInUse * estimatedMs;
      noted.least = Math.min(noted.least, queue.nextDispatch);
      noted.most = Math.max(noted.most, queue.nextDispatch);
      noted.discountedLeast = Math.min(noted.discountedLeast, discounted);
      noted.discountedMost = Math.max(noted.discountedMost, discounted);
      const end = queue.nextDispatch + oldest.work;
      const comesAt = (queue.index - this.#robin - 1 + 2 * count) % count;
      if (end < earliest || (end === earliest && comesAt < turn)) {
        earliest = end;
        turn = comesAt;
        best = queue;
      }
    }
    return best;
  }

  #dispatch(occupant: Occupant, queue: FairQueue, now: number): void {
    const { width } = occupant;
    // More seats afterwards than there are: fewer, for longer.
    if (width.finalSeats > this.#limit && this.#limit > 0) occupant.width = { ...width, finalSeats: this.#limit, extraMs: (width.finalSeats * width.extraMs) / this.#limit };
    this.lastDispatch.progress = this.#progress;
    this.lastDispatch.start = queue.nextDispatch;
    queue.executing.add(occupant);
    queue.seatsInUse += occupant.seats;
    queue.nextDispatch += occupant.work;
    queue.bound();
    this.#run(occupant, now);
  }

  #run(occupant: Occupant, now: number): void {
    const { seats, flow } = occupant;
    occupant.startedMs = now;
    occupant.turn = this.#turn;
    occupant.state = 'executing';
    if (occupant.queue === undefined) this.#unqueued.add(occupant);
    this.dispatched++;
    this.executing++;
    this.seatsInUse += seats;
    flow.tally.executingRequests++;
    flow.tally.executingSeats += seats;
    this.#tally.executing.set(this.executing, now);
    this.#noteSeats(now);
  }

  #release(occupant: Occupant, now: number): void {
    const { seats, queue, flow } = occupant;
    this.seatsInUse -= seats;
    flow.tally.executingSeats -= seats;
    if (queue !== undefined) {
      queue.seatsInUse -= seats;
      this.#retire(queue);
    }
    this.#noteSeats(now);
  }

  #noteWaiting(occupant: Occupant, sign: 1 | -1, now: number): void {
    const { tally } = occupant.flow;
    this.waiting += sign;
    this.seatsWaiting += sign * occupant.seats;
    tally.waitingRequests += sign;
    tally.waitingSeats += sign * occupant.seats;
    this.#tally.waiting.set(this.waiting, now);
    this.#noteSeats(now);
  }

  #noteSeats(now: number): void {
    const demand = this.seatsInUse + this.seatsWaiting;
    this.#demand.set(demand, now);
    this.#tally.demand.set(demand, now);
    this.#tally.seatUse.set(this.seatsInUse, now);
  }

  /** After a request left without being executed. */
  #leave(queue: FairQueue): void {
    if (!queue.isIdle) return;
    this.#busyQueues--;
    this.#retire(queue);
  }

  /** Nobody needs this one: it is forgotten where there are more than are wanted, or than are worth keeping. */
  #retire(queue: FairQueue): void {
    if (!queue.isIdle || queue.seatsInUse > 0) return;
    if (queue.index < this.#queuing.queues && this.#queues.size <= mostIdleQueues) return;
    this.#queues.delete(queue.index);
    if (queue.index >= this.#queuing.queues) this.#countQueues();
  }

  /** Superfluous queues go when they are empty. */
  #countQueues(): void {
    this.#queueCount = Math.max(0, this.#queuing.queues);
    for (const { index } of this.#queues.values()) this.#queueCount = Math.max(this.#queueCount, index + 1);
    if (this.#robin >= this.#queueCount) this.#robin = 0;
  }
}
