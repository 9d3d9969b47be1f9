// Fair queuing in virtual time: seats, turns between queues, what waits too long, what lingers; and how seats are
// shared between levels.
import { expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom } from '#base/random.ts';
import type { Clock } from '#base/clock.ts';
import { Call } from '../request/call.ts';
import { parseRequest } from '../request/request-info.ts';
import { memoryTransport, type Exchange } from '#wire';
import { catchAllLevel } from './bootstrap-objects.ts';
import type { Occupant, Width } from './fair-queue.ts';
import type { Flow } from './flow.ts';
import { Level } from './level.ts';
import { QueueSet, type TurnEnd } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';
import { shareSeats } from './seat-allocation.ts';
import { SeatDemand } from './seat-demand.ts';
import { dealHand, dealProblem, hashFlow } from './shuffle-sharding.ts';
import { FlowTally, LevelTally } from './tallies.ts';

/** Stands still until it is moved; runs what falls due in order. */
function handClock(): Clock & { move(ms: number): void } {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.push(timer);
      return { cancel: () => void (timers = timers.filter((other) => other !== timer)) };
    },
    move(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        now = next.at;
        next.run();
      }
      now = end;
    },
  };
}

async function someCall(): Promise<Call> {
  let seen: Exchange | undefined;
  const transport = memoryTransport(async (exchange) => {
    seen = exchange;
    exchange.send(200, {}, '');
  }, { user: 'u', groups: [] });
  await (await transport.request({ method: 'GET', path: '/api' })).bytes();
  if (seen === undefined) throw new Error('no exchange');
  return new Call(seen, parseRequest('GET', '/api/v1/pods'), 'id', 0, false);
}

const call = await someCall();
const wide = (initialSeats: number, finalSeats = 0, extraMs = 0): Width => ({ initialSeats, finalSeats, extraMs });

/** The end of a turn comes when it is called. */
function handTurns(): { readonly end: TurnEnd; next(): void; asked: number } {
  let waiting: (() => void)[] = [];
  const turns = {
    asked: 0,
    end(run: () => void) {
      turns.asked++;
      waiting.push(run);
    },
    next: () => waiting.splice(0).forEach((run) => run()),
  };
  return turns;
}

function setUp(queues: number, limit: number, lengthLimit = 50, handSize = 1, clock = handClock(), turnEnd?: TurnEnd) {
  const set = new QueueSet(clock, new SeatDemand(0), new LevelTally(0), turnEnd);
  set.configure({ queues, handSize, lengthLimit }, limit, limit);
  const tally = new FlowTally('level', 'schema');
  const schema = { name: 'schema', uid: '', object: {}, distinguisher: '' as const, level: new Level(catchAllLevel, clock), tally, flows: new Map() };
  const flow = (...hand: number[]): Flow => ({ schema, distinguisher: String(hand), hand, tally });
  return { clock, set, flow, tally };
}

test('seats are handed out up to the limit, then to those who wait', () => {
  const { set, flow } = setUp(4, 2);
  const [a, b, c] = [0, 1, 2].map((queue) => set.start(flow(queue), call, wide(1)));
  expect([a?.state, b?.state, c?.state]).toEqual(['executing', 'executing', 'waiting']);
  if (a !== undefined) set.finish(a);
  expect([c?.state, set.executing, set.waiting, set.seatsInUse]).toEqual(['executing', 2, 0, 2]);
});

test('a queue that is full refuses, one that gives up leaves no trace', () => {
  const { set, flow, tally } = setUp(1, 1, 2);
  const [first, second, third, fourth] = [1, 2, 3, 4].map(() => set.start(flow(0), call, wide(1)));
  expect(fourth).toBeUndefined();
  expect(tally.rejected).toEqual({ 'concurrency-limit': 0, 'queue-full': 1, 'time-out': 0 });
  if (second !== undefined) set.cancel(second);
  expect([set.waiting, tally.rejected['time-out'], tally.waitingRequests]).toEqual([1, 1, 0 + 1]);
  if (first !== undefined) set.finish(first);
  expect([second?.state, third?.state]).toEqual(['over', 'executing']);
});

test('flows with unequal floods get equal turns', () => {
  const { clock, set, flow } = setUp(8, 4);
  const served = [0, 0];
  const running: { occupant: Occupant; who: number }[] = [];
  const offer = (who: number): void => {
    const occupant = set.start(flow(who), call, wide(1));
    if (occupant === undefined) return;
    const run = (): void => void (running.push({ occupant, who }), (served[who] = (served[who] ?? 0) + 1));
    if (occupant.state === 'executing') run();
    else occupant.onDispatch = run;
  };
  for (let round = 0; round < 400; round++) {
    for (let i = 0; i < 20; i++) offer(0);
    for (let i = 0; i < 3; i++) offer(1);
    clock.move(10);
    for (const { occupant } of running.splice(0)) set.finish(occupant);
  }
  const [greedy = 0, modest = 0] = served;
  expect(greedy + modest).toBeGreaterThan(1500);
  expect(modest).toBeGreaterThan(0.45 * (greedy + modest));
});

/** Requests of one client, answered at once when they are told to be; `again` has each followed by another. */
function quickClient(set: QueueSet, flow: Flow, parallel: number) {
  const running: Occupant[] = [];
  let idle = parallel;
  let answered = 0;
  const client = {
    served: 0,
    refused: 0,
    offer() {
      for (; idle > 0; idle--) {
        const occupant = set.start(flow, call, wide(1));
        if (occupant === undefined) client.refused++;
        else if (occupant.state === 'executing') run(occupant);
        else occupant.onDispatch = () => run(occupant);
      }
    },
    finish() {
      for (let occupant = running.shift(); occupant !== undefined; occupant = running.shift()) {
        set.finish(occupant);
        answered++;
      }
    },
    again() {
      idle += answered;
      answered = 0;
      client.offer();
    },
  };
  const run = (occupant: Occupant): void => {
    client.served++;
    running.push(occupant);
  };
  return client;
}

test('requests that are answered within a turn keep their seats to its end, where a level is at its limit', () => {
  const turns = handTurns();
  const { set, flow } = setUp(4, 2, 50, 1, handClock(), turns.end);
  const client = quickClient(set, flow(0), 20);
  const servedATurn = [0, 1, 2, 3].map(() => {
    const before = client.served;
    client.offer();
    client.finish();
    expect(set.executing).toBe(0);
    turns.next();
    return client.served - before;
  });
  // As many again in the first turn: that seats are given back fast is seen only once all have been.
  expect(servedATurn).toEqual([4 + 2, 2, 2, 2]);
  expect([set.waiting, set.seatsInUse]).toEqual([20 - 12, 2]);
});

test('levels of equal seats share turns equally, whatever each is asked', () => {
  const turns = handTurns();
  const clock = handClock();
  const levels = [51, 3].map((parallel) => {
    const { set, flow } = setUp(100, 1, 50, 1, clock, turns.end);
    return quickClient(set, flow(7), parallel);
  });
  for (let turn = 0; turn < 1000; turn++) {
    for (const level of levels) level.again();
    for (const level of levels) level.finish();
    clock.move(0.2);
    turns.next();
  }
  const [elephant, mouse] = levels.map(({ served }) => served);
  expect(levels.map(({ refused }) => refused)).toEqual([0, 0]);
  expect([elephant, mouse].map((served) => Math.round((served ?? 0) / 10))).toEqual([100, 100]);
});

test('flows of one level share turns equally, whatever each asks', () => {
  const turns = handTurns();
  const clock = handClock();
  const { set, flow } = setUp(8, 4, 50, 1, clock, turns.end);
  const clients = [45, 10, 10].map((parallel, who) => quickClient(set, flow(who), parallel));
  for (let turn = 0; turn < 900; turn++) {
    for (const client of clients) client.again();
    for (const client of clients) client.finish();
    clock.move(0.3);
    turns.next();
  }
  const served = clients.map((client) => client.served);
  const all = served.reduce((sum, count) => sum + count, 0);
  expect(all).toBeGreaterThan(4 * 890);
  for (const count of served) expect(Math.abs(count / all - 1 / 3)).toBeLessThan(0.02);
});

test('one request after the other never waits, and turns are looked at once for as many as there are seats', () => {
  const turns = handTurns();
  const { set, flow } = setUp(4, 10, 50, 1, handClock(), turns.end);
  for (let i = 0; i < 1000; i++) {
    const occupant = set.start(flow(i % 4), call, wide(1));
    expect(occupant?.state).toBe('executing');
    if (occupant !== undefined) set.finish(occupant);
    turns.next();
  }
  expect([turns.asked, set.seatsInUse, set.executing]).toEqual([100, 0, 0]);
});

test('those that run for longer than a turn give their seats to the next at once, and no turn is looked at meanwhile', () => {
  const turns = handTurns();
  const { clock, set, flow } = setUp(4, 2, 50, 1, handClock(), turns.end);
  const long = Array.from({ length: 12 }, (_, i) => set.start(flow(i % 4), call, wide(1)));
  const states = (): number => long.filter((occupant) => occupant?.state === 'executing').length;
  for (let left = 12; left > 0; left--) {
    turns.next();
    turns.next();
    const { asked } = turns;
    for (let i = 0; i < 5; i++) turns.next();
    expect(turns.asked).toBe(asked);
    clock.move(20);
    const running = long.find((occupant) => occupant?.state === 'executing');
    if (running !== undefined) set.finish(running);
    expect(states()).toBe(Math.min(2, left - 1));
  }
  expect(set.seatsInUse).toBe(0);
});

test('a request wider than its level waits for those whose turn is not over', () => {
  const turns = handTurns();
  const { set, flow } = setUp(4, 3, 50, 1, handClock(), turns.end);
  const quick = quickClient(set, flow(0), 4);
  quick.offer();
  quick.finish();
  expect([set.executing, set.seatsInUse]).toEqual([0, 1]);
  const large = set.start(flow(1), call, wide(5));
  expect(large?.state).toBe('waiting');
  turns.next();
  expect(large?.state).toBe('executing');
});

test('seats for events are held on after the request', () => {
  const { clock, set, flow } = setUp(2, 4);
  const first = set.start(flow(0), call, wide(1, 3, 25));
  expect(set.seatsInUse).toBe(3);
  const second = set.start(flow(1), call, wide(2));
  expect(second?.state).toBe('waiting');
  if (first !== undefined) set.finish(first);
  expect([second?.state, set.executing]).toEqual(['waiting', 0]);
  clock.move(24);
  expect(second?.state).toBe('waiting');
  clock.move(1);
  expect([second?.state, set.seatsInUse]).toEqual(['executing', 2]);
});

test('a request wider than its level runs alone', () => {
  const { set, flow } = setUp(2, 2);
  const small = set.start(flow(0), call, wide(1));
  const large = set.start(flow(1), call, wide(5));
  expect(large?.state).toBe('waiting');
  if (small !== undefined) set.finish(small);
  expect(large?.state).toBe('executing');
});

test('superfluous queues go when they are empty', () => {
  const { set, flow } = setUp(8, 1);
  const [busy, waits] = [set.start(flow(7), call, wide(1)), set.start(flow(6), call, wide(1))];
  set.configure({ queues: 2, handSize: 1, lengthLimit: 50 }, 1, 1);
  expect(set.queueCount).toBe(8);
  if (busy !== undefined) set.finish(busy);
  if (waits !== undefined) set.finish(waits);
  expect([set.queueCount, set.isIdle, set.seatsInUse]).toEqual([2, true, 0]);
  expect(set.start(flow(1), call, wide(1))?.state).toBe('executing');
});

test('a level of ten million queues costs what is used of them', () => {
  const { set, flow } = setUp(10_000_000, 1);
  const first = set.start(flow(9_999_999), call, wide(1));
  const waits = Array.from({ length: 5000 }, (_, i) => set.start(flow(i * 1999), call, wide(1)));
  expect([first?.state, set.queueCount, [...set.queues].length]).toEqual(['executing', 10_000_000, 5001]);
  for (let occupant = first; occupant !== undefined; occupant = waits.shift()) set.finish(occupant);
  expect([set.isIdle, set.seatsInUse, [...set.queues].length <= 1024]).toEqual([true, 0, true]);
});

test('hands are dealt without repetition and as evenly as cards', () => {
  expect(dealProblem(128, 10)).toContain('required entropy bits');
  expect(dealProblem(4, 5)).toContain('is greater than deckSize');
  const counts = Array.from({ length: 16 }, () => 0);
  for (let i = 0; i < 4000; i++) {
    const hand = dealHand(hashFlow('schema', `user-${i}`), 16, 4);
    expect(new Set(hand).size).toBe(4);
    for (const card of hand) counts[card] = (counts[card] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1150);
});

test('seats are shared by one fraction of each target, within the bounds', () => {
  const seed = randomInt(systemRandom, 2 ** 30);
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 2000; round++) {
    const claims = Array.from({ length: 1 + randomInt(random, 8) }, () => {
      const lowest = randomInt(random, 20);
      return { lowest, highest: lowest + randomInt(random, 50), target: lowest + random.next() * 100 };
    });
    const [low, high] = [claims.reduce((sum, c) => sum + c.lowest, 0), claims.reduce((sum, c) => sum + c.highest, 0)];
    const total = low + randomInt(random, high - low + 1);
    const { seats, fairFraction } = shareSeats(total, claims);
    if (total === 0) continue;
    expect(Math.abs(seats.reduce((a, b) => a + b, 0) - total)).toBeLessThan(1e-6);
    for (const [i, { lowest, highest, target }] of claims.entries()) {
      const got = seats[i] ?? Number.NaN;
      const fair = fairFraction * Math.max(target, 0.001);
      const expected = fair < lowest ? lowest : fair > highest ? highest : fair;
      expect(Math.abs(got - expected)).toBeLessThan(1e-6);
    }
  }
  expect(() => shareSeats(1, [{ lowest: 2, highest: 3, target: 2 }])).toThrow('higher than the required sum');
  expect(() => shareSeats(9, [{ lowest: 2, highest: 3, target: 2 }])).toThrow('lower than the required sum');
});

test('who is refused is told to wait longer while refusals go on', () => {
  const retry = new RetryAfter();
  const told: number[] = [];
  for (let second = 100; second < 130; second++) {
    for (let i = 0; i < 20; i++) retry.refused(second);
    told.push(retry.seconds);
  }
  expect(told[0]).toBe(1);
  expect(retry.seconds).toBeGreaterThanOrEqual(8);
  for (let second = 200; second < 400; second += 40) retry.refused(second);
  expect(retry.seconds).toBeLessThan(told.at(-1) ?? 0);
});
