// What becomes of an object, once its owners have been looked up: kept while one of them lives, deleted when none
// does, in the way that its own finalizers ask for.
import type { ObjectMeta, OwnerReference } from '#api/meta/v1.ts';
import { blockingDependents, foregroundFinalizer, orphanFinalizer, type Node } from './graph.ts';

export type OwnerState = 'solid' | 'dangling' | 'waiting';

export interface Observed {
  readonly node: Node;
  /** The live object's. */
  readonly metadata: ObjectMeta;
  /** The state of each owner reference: it lives, it is absent, or it is being deleted in the foreground. */
  readonly stateOf: (reference: OwnerReference) => OwnerState;
}

export type Action =
  | { readonly do: 'nothing' }
  /** Takes away references to owners that are gone or going. */
  | { readonly do: 'unreference'; readonly uids: readonly string[] }
  | { readonly do: 'delete'; readonly propagation: 'Foreground' | 'Background' | 'Orphan'; readonly unblockFirst: boolean };

/** For an object that is not itself waiting for dependents. */
export function reconcile({ node, metadata, stateOf }: Observed): Action {
  const references = metadata.ownerReferences ?? [];
  if (references.length === 0) return { do: 'nothing' };
  const states = references.map((reference) => ({ uid: reference.uid, state: stateOf(reference) }));
  const gone = states.filter(({ state }) => state !== 'solid').map(({ uid }) => uid);
  if (gone.length < states.length) return gone.length === 0 ? { do: 'nothing' } : { do: 'unreference', uids: gone };
  if (states.some(({ state }) => state === 'waiting') && node.dependents.size > 0) {
    // A dependent that itself waits might wait for us, round in a circle: let go of our owners first.
    const unblockFirst = [...node.dependents].some((dependent) => dependent.deletingDependents);
    return { do: 'delete', propagation: 'Foreground', unblockFirst };
  }
  const finalizers = metadata.finalizers ?? [];
  const propagation = finalizers.includes(orphanFinalizer) ? 'Orphan' : finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
  return { do: 'delete', propagation, unblockFirst: false };
}

/** For an object that waits for its dependents: those to look at, or undefined when it may go. */
export function waitingFor(node: Node): readonly Node[] | undefined {
  const blocking = blockingDependents(node);
  return blocking.length === 0 ? undefined : blocking.filter((dependent) => !dependent.deletingDependents);
}
