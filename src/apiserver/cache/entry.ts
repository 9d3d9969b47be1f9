// One cached object: its bytes and the little that selectors and preconditions ask for. Immutable.
import type { Labels } from '#machinery';
import type { KindHead } from './stored-form.ts';

export interface Entry {
  /** Without the resource's prefix: "namespace/name" or "name". */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The object's resourceVersion. */
  readonly revision: number;
  /** JSON as a GET answers it. */
  readonly bytes: Buffer;
  readonly labels: Labels;
  /** The values of the resource's selectable fields, in the order of its declaration. */
  readonly fields: readonly string[];
  /** What lies in the store differs (an older version or schema): a write that changes nothing writes all the same. */
  readonly outdated?: boolean;
  /** A custom resource that is kept at another version than its cache's: what its bytes start with. */
  readonly head?: KindHead;
  /** Custom resources in another version than the stored one: the entry of the stored version behind this one. */
  readonly origin?: Entry;
}

/** A change of a resource, in the order of revisions. */
export interface CacheEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** After a deletion the last state, under the revision of the deletion. */
  readonly entry: Entry;
  /** The state before; undefined for an addition. */
  readonly previous: Entry | undefined;
}

/** Which entries somebody wants to see. */
export interface EntryFilter {
  /** '' for all. */
  readonly namespace: string;
  /** Two filters with the same text select the same. */
  readonly text: string;
  /** Namespace, labels and fields alike. */
  matches(entry: Entry): boolean;
  /** Nothing but the namespace is asked for. */
  readonly unfiltered: boolean;
}
