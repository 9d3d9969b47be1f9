// What a run of the history test writes down: every write with what the client knows of its outcome, every read, every
// event that a watcher saw. The checker judges nothing but this.

/** 'done': acknowledged. 'refused': the server said no. 'unknown': the connection ended, or a 5xx; it may have happened. */
export type Outcome = 'done' | 'refused' | 'unknown';

export interface Write {
  /** Unique in the run: a mark in the data of a shared object, or the name of an object of its own. */
  readonly id: string;
  readonly kind: 'mark' | 'create' | 'delete';
  readonly key: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly outcome: Outcome;
  /** What the answer told. */
  readonly revision?: number;
  /** Why it was refused. */
  readonly refusal?: string;
  /** The write was allowed on this revision alone. */
  readonly expected?: number;
}

export interface State {
  readonly key: string;
  readonly revision: number;
  readonly marks: readonly string[];
}

/** A consistent GET of one object, or LIST of all. */
export interface Read {
  readonly startedMs: number;
  readonly endedMs: number;
  /** undefined: a list of everything. */
  readonly key: string | undefined;
  /** A list's own revision; 0 for a GET. */
  readonly revision: number;
  readonly found: readonly State[];
}

export interface Seen {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly state: State;
}

/** One watch without gaps: a list, then events, resumed over broken connections from the last revision seen. */
export interface Watched {
  readonly from: Read;
  readonly events: Seen[];
  /** Nothing up to here is missing. */
  completeTo: number;
}

export interface History {
  readonly writes: Write[];
  readonly reads: Read[];
  readonly watches: Watched[];
  /** Read when everything was quiet. */
  last: Read | undefined;
}
