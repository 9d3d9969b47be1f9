// A priority level in use: its share of the server's seats, its queues, and what may be lent and borrowed. A level
// whose object is gone lives on until it has served what it holds.
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1.ts';
import type { Clock } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import { exemptName } from './bootstrap-objects.ts';
import { QueueSet, type Queuing } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';
import { SeatDemand } from './seat-demand.ts';
import { dealProblem } from './shuffle-sharding.ts';
import { LevelTally } from './tallies.ts';

export class Level {
  readonly name: string;
  readonly demand: SeatDemand;
  readonly tally: LevelTally;
  readonly set: QueueSet;
  readonly retryAfter = new RetryAfter();
  object: PriorityLevelConfiguration;
  queuing: Queuing;
  /** No object asks for it any more. */
  quiescing = false;
  nominal = 0;
  lowest = 0;
  highest = 0;
  /** What it may use at present. 0 until it has been configured. */
  current = -1;
  /** What it aims at, for metrics. */
  target = 0;
  /** The most that one request may be taken to need; 0: no bound of its own. */
  widest = 0;

  constructor(object: PriorityLevelConfiguration, clock: Clock) {
    const now = clock.monotonic();
    this.name = object.metadata?.name ?? '';
    this.object = object;
    this.queuing = queuingOf(object);
    this.demand = new SeatDemand(now);
    this.tally = new LevelTally(now);
    this.set = new QueueSet(clock, this.demand, this.tally, endOfTurn);
  }

  get uid(): string {
    return this.object.metadata?.uid ?? '';
  }

  get isExempt(): boolean {
    return this.object.spec?.type === 'Exempt';
  }

  get shares(): number {
    const { limited, exempt } = this.object.spec ?? {};
    return limited === undefined ? (exempt?.nominalConcurrencyShares ?? 0) : (limited.nominalConcurrencyShares ?? 30);
  }

  take(object: PriorityLevelConfiguration): void {
    this.object = object;
    this.queuing = queuingOf(object);
    this.quiescing = false;
  }

  /** Its limits, when the server has so many seats and all levels together so many shares. */
  measure(serverSeats: number, allShares: number): void {
    const { limited, exempt } = this.object.spec ?? {};
    const lendable = limited === undefined ? exempt?.lendablePercent : limited.lendablePercent;
    const borrowing = limited?.borrowingLimitPercent;
    this.nominal = allShares === 0 ? 0 : Math.ceil((serverSeats * this.shares) / allShares);
    const lent = Math.round((this.nominal * (lendable ?? 0)) / 100);
    this.lowest = this.nominal - lent;
    this.highest = this.nominal + (borrowing === undefined ? serverSeats : Math.round((this.nominal * borrowing) / 100));
    if (this.current < 0) this.current = this.nominal - Math.trunc(lent / 2);
    const { queues, handSize } = this.queuing;
    // A wide request may not take so much that the others of its level starve.
    if (queues > 0) this.widest = Math.max(1, Math.min(Math.ceil(this.nominal * 0.15), Math.trunc(this.nominal / handSize)));
  }

  /** @param serverSeats For the ratio of use of a level that has no seats at present. */
  apply(serverSeats: number): void {
    const denominator = this.current > 0 ? this.current : Math.max(1, Math.round(serverSeats / 10));
    this.set.configure(this.queuing, this.current, denominator);
  }
}

function queuingOf(object: PriorityLevelConfiguration): Queuing {
  const response = object.spec?.limited?.limitResponse;
  if (object.spec?.type === 'Exempt') return { queues: -1, handSize: 1, lengthLimit: 0 };
  if (response?.type !== 'Queue') return { queues: 0, handSize: 1, lengthLimit: 0 };
  return { queues: response.queuing?.queues ?? 64, handSize: response.queuing?.handSize ?? 8, lengthLimit: response.queuing?.queueLengthLimit ?? 50 };
}

/** Why an object cannot be used; undefined when it can. */
export function levelProblem(object: PriorityLevelConfiguration): string | undefined {
  const { type, limited, exempt } = object.spec ?? { type: '' };
  if ((type === 'Limited') !== (limited !== undefined)) return 'broken union structure at the top, for Limited';
  if ((type === 'Exempt') !== (exempt !== undefined)) return 'broken union structure at the top, for Exempt';
  if ((type === 'Exempt') !== (object.metadata?.name === exemptName)) return 'non-alignment between name and type';
  if (limited === undefined) return undefined;
  const { limitResponse } = limited;
  if ((limitResponse?.type === 'Reject') !== (limitResponse?.queuing === undefined)) return 'broken union structure for limit response';
  const { queues, handSize } = queuingOf(object);
  return queues > 0 ? dealProblem(queues, handSize) : undefined;
}
