// Who owns whom: a node per object, from what the watches tell. An owner that is named and has not been seen is
// a virtual node, to be verified at the server. The graph says which objects deserve a look; what becomes of them
// is decided against the live objects. Pure bookkeeping, no input or output.
import type { ObjectMeta, OwnerReference } from '#api/meta/v1.ts';

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Node {
  identity: Identity;
  owners: readonly OwnerReference[];
  readonly dependents: Set<Node>;
  /** Named as an owner, not seen yet. */
  virtual: boolean;
  beingDeleted: boolean;
  /** Deleted in the foreground: waits for its dependents. */
  deletingDependents: boolean;
  /** Deleted with the wish to orphan its dependents. */
  orphaning: boolean;
}

/** What a change asks for. */
export interface Effects {
  /** Uids to look at: may they, must they be deleted? */
  readonly check: Set<string>;
  /** Uids whose dependents are to be orphaned. */
  readonly orphan: Set<string>;
  /** Owners (coordinates as referenced) that are known to be absent. */
  readonly absent: Identity[];
  /** References into another namespace, which cannot work. */
  readonly invalid: { readonly node: Node; readonly owner: OwnerReference }[];
}

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export interface Graph {
  readonly size: number;
  get(uid: string): Node | undefined;
  /** An object as the server shows it. */
  observed(identity: Identity, metadata: ObjectMeta): Effects;
  /** A watch told of its deletion. */
  deleted(identity: Identity): Effects;
  /** The server says that there is nothing of this identity. */
  absent(identity: Identity): Effects;
}

function matches(reference: OwnerReference, identity: Identity): boolean {
  return reference.uid === identity.uid && reference.name === identity.name && reference.kind === identity.kind && reference.apiVersion === identity.apiVersion;
}

function sameIdentity(a: Identity, b: Identity): boolean {
  return a.uid === b.uid && a.name === b.name && a.namespace === b.namespace && a.kind === b.kind && a.apiVersion === b.apiVersion;
}

function sameReference(a: OwnerReference, b: OwnerReference): boolean {
  return matches(a, { ...b, namespace: '' }) && a.controller === b.controller && a.blockOwnerDeletion === b.blockOwnerDeletion;
}

/** Dependents that hold deletion of `owner` up. */
export function blockingDependents(owner: Node): Node[] {
  return [...owner.dependents].filter((dependent) => dependent.owners.some((reference) => reference.uid === owner.identity.uid && reference.blockOwnerDeletion === true));
}

/** Dependents that mean this very identity, and those that mean something else by its uid. */
function partition(node: Node, identity: Identity): { matching: Node[]; other: Node[] } {
  const matching: Node[] = [];
  const other: Node[] = [];
  for (const dependent of node.dependents) {
    const foreign = identity.namespace !== '' && identity.namespace !== dependent.identity.namespace;
    const references = dependent.owners.filter((reference) => reference.uid === identity.uid);
    if (!foreign && references.some((reference) => matches(reference, identity))) matching.push(dependent);
    if (foreign || references.some((reference) => !matches(reference, identity))) other.push(dependent);
  }
  return { matching, other };
}

export function createGraph(): Graph {
  const nodes = new Map<string, Node>();
  const effects = (): Effects => ({ check: new Set(), orphan: new Set(), absent: [], invalid: [] });

  const link = (node: Node, owners: readonly OwnerReference[], out: Effects): void => {
    let doubtful = false;
    for (const reference of owners) {
      const owner = nodes.get(reference.uid);
      if (owner === undefined) {
        const identity = { apiVersion: reference.apiVersion, kind: reference.kind, name: reference.name, uid: reference.uid, namespace: node.identity.namespace };
        nodes.set(reference.uid, { identity, owners: [], dependents: new Set([node]), virtual: true, beingDeleted: false, deletingDependents: false, orphaning: false });
        out.check.add(reference.uid);
        continue;
      }
      owner.dependents.add(node);
      const namespaced = owner.identity.namespace !== '';
      if (namespaced && owner.identity.namespace !== node.identity.namespace) {
        if (!owner.virtual) out.invalid.push({ node, owner: reference });
        doubtful = true;
      } else if (!matches(reference, owner.identity) || (!namespaced && node.identity.namespace !== '' && owner.virtual)) doubtful = true;
    }
    if (doubtful) out.check.add(node.identity.uid);
  };
  const unlink = (node: Node, owners: readonly OwnerReference[]): void => {
    for (const reference of owners) nodes.get(reference.uid)?.dependents.delete(node);
  };
  /** A virtual node turns out to exist, perhaps under other coordinates than its dependents think. */
  const materialize = (node: Node, identity: Identity, out: Effects): void => {
    if (!sameIdentity(node.identity, identity)) {
      for (const dependent of partition(node, identity).other) {
        const reference = dependent.owners.find((each) => each.uid === identity.uid);
        if (identity.namespace !== '' && dependent.identity.namespace !== identity.namespace && reference !== undefined) out.invalid.push({ node: dependent, owner: reference });
        out.check.add(dependent.identity.uid);
      }
      node.identity = identity;
    }
    node.virtual = false;
  };
  const relink = (node: Node, owners: readonly OwnerReference[], out: Effects): void => {
    const before = new Map(node.owners.map((reference) => [reference.uid, reference]));
    const after = new Map(owners.map((reference) => [reference.uid, reference]));
    for (const [uid, old] of before) {
      const now = after.get(uid);
      // An owner that was held up may go on.
      if (old.blockOwnerDeletion === true && now?.blockOwnerDeletion !== true && nodes.has(uid)) out.check.add(uid);
    }
    const removed = node.owners.filter((reference) => !after.has(reference.uid));
    const changed = owners.filter((reference) => {
      const old = before.get(reference.uid);
      return old === undefined || !sameReference(old, reference);
    });
    node.owners = owners;
    unlink(node, removed);
    link(node, changed, out);
  };
  const remove = (node: Node, identity: Identity, out: Effects): void => {
    nodes.delete(node.identity.uid);
    unlink(node, node.owners);
    if (node.dependents.size > 0) out.absent.push(identity);
    for (const dependent of node.dependents) out.check.add(dependent.identity.uid);
    for (const reference of node.owners) if (nodes.get(reference.uid)?.deletingDependents === true) out.check.add(reference.uid);
  };

  return {
    get size() {
      return nodes.size;
    },
    get: (uid) => nodes.get(uid),
    observed(identity, metadata) {
      const out = effects();
      const owners = metadata.ownerReferences ?? [];
      const deleting = metadata.deletionTimestamp !== undefined;
      const foreground = deleting && (metadata.finalizers ?? []).includes(foregroundFinalizer);
      const orphaning = deleting && (metadata.finalizers ?? []).includes(orphanFinalizer);
      let node = nodes.get(identity.uid);
      const wasForeground = node?.deletingDependents ?? false;
      const wasOrphaning = node?.orphaning ?? false;
      if (node === undefined) {
        node = { identity, owners, dependents: new Set(), virtual: false, beingDeleted: deleting, deletingDependents: false, orphaning: false };
        nodes.set(identity.uid, node);
        link(node, owners, out);
      } else {
        if (node.virtual) materialize(node, identity, out);
        relink(node, owners, out);
        node.beingDeleted ||= deleting;
      }
      node.orphaning = orphaning;
      if (orphaning && !wasOrphaning) {
        out.orphan.add(identity.uid);
        return out;
      }
      node.deletingDependents ||= foreground;
      if (foreground && !wasForeground) {
        for (const dependent of node.dependents) out.check.add(dependent.identity.uid);
        out.check.add(identity.uid);
      }
      return out;
    },
    deleted(identity) {
      const out = effects();
      const node = nodes.get(identity.uid);
      if (node !== undefined) remove(node, identity, out);
      return out;
    },
    absent(identity) {
      const out = effects();
      const node = nodes.get(identity.uid);
      if (node === undefined) return out;
      const { matching, other } = partition(node, identity);
      const keep = node.virtual ? other.length > 0 : !sameIdentity(node.identity, identity);
      if (!keep) {
        remove(node, identity, out);
        return out;
      }
      if (matching.length > 0) out.absent.push(identity);
      for (const dependent of matching) out.check.add(dependent.identity.uid);
      if (node.virtual && sameIdentity(node.identity, identity)) {
        // Somebody means another object by this uid: verify that one next.
        const alternative = alternativeIdentity(other, identity);
        if (alternative !== undefined) {
          node.identity = alternative;
          out.check.add(identity.uid);
        }
      }
      return out;
    },
  };
}

/** The next coordinates to verify, in a fixed cyclic order, so that each gets its turn. */
function alternativeIdentity(dependents: readonly Node[], absent: Identity): Identity | undefined {
  const candidates = new Map<string, Identity>();
  const text = (identity: Identity): string => [identity.kind, identity.apiVersion, identity.namespace, identity.name, identity.uid].join('\n');
  for (const dependent of dependents) {
    for (const reference of dependent.owners) {
      if (reference.uid !== absent.uid) continue;
      if (matches(reference, absent) && (absent.namespace === '' || absent.namespace === dependent.identity.namespace)) continue;
      const clusterScoped = absent.namespace === '' && reference.apiVersion === absent.apiVersion && reference.kind === absent.kind;
      const identity = { apiVersion: reference.apiVersion, kind: reference.kind, name: reference.name, uid: reference.uid, namespace: clusterScoped ? '' : dependent.identity.namespace };
      candidates.set(text(identity), identity);
    }
  }
  candidates.delete(text(absent));
  const order = [...candidates.keys()].sort();
  const next = order.find((key) => key > text(absent)) ?? order[0];
  return next === undefined ? undefined : candidates.get(next);
}
