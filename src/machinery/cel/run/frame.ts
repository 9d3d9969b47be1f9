// One evaluation's state: the variables of folds, the cost so far and its limit, and whether someone asked to stop.
import type { Activation } from '../contract.ts';
import type { CelResult } from '../types/values.ts';

/** A compiled expression. */
export type Run = (frame: Frame) => CelResult;

/** Thrown through the expression when the evaluation must not go on. */
export class Cancelled {
  readonly why: 'cost' | 'interrupted';
  constructor(why: 'cost' | 'interrupted') {
    this.why = why;
  }
}

const interruptEvery = 100;

export class Frame {
  readonly activation: Activation;
  /** Variables of folds by slot; undefined: an accumulator not yet computed. */
  readonly locals: (CelResult | undefined)[] = [];
  cost = 0;
  private readonly limit: number;
  private readonly interrupted: (() => boolean) | undefined;
  private steps = 0;

  constructor(activation: Activation, limit: number, interrupted: (() => boolean) | undefined) {
    this.activation = activation;
    this.limit = limit;
    this.interrupted = interrupted;
  }

  charge(cost: number): void {
    this.cost += cost;
    if (this.cost > this.limit) throw new Cancelled('cost');
  }

  /** After every step of a fold. */
  step(): void {
    if (this.interrupted !== undefined && ++this.steps % interruptEvery === 0 && this.interrupted()) throw new Cancelled('interrupted');
  }
}
