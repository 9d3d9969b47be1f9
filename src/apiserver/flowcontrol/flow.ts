// A flow: the requests of one FlowSchema that its distinguisher takes for one another's equals. Requests of a flow
// queue up in the queues of one hand.
import type { FlowSchema } from '#api/flowcontrol/v1.ts';
import type { Level } from './level.ts';
import type { FlowTally } from './tallies.ts';

/** A FlowSchema in use, with the level it leads to. */
export interface SchemaInUse {
  readonly name: string;
  readonly uid: string;
  readonly object: FlowSchema;
  readonly distinguisher: '' | 'ByUser' | 'ByNamespace';
  readonly level: Level;
  readonly tally: FlowTally;
  /** Its flows, by distinguisher. */
  readonly flows: Map<string, Flow>;
}

export interface Flow {
  readonly schema: SchemaInUse;
  /** The user or namespace that sets it apart; '' when nothing does. */
  readonly distinguisher: string;
  /** Indices of queues; empty at levels without queues. */
  readonly hand: readonly number[];
  readonly tally: FlowTally;
}
