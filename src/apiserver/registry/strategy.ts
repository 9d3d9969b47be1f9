// What is peculiar to a resource, as data and small functions: what a create or update may not set, how the
// generation counts, how it is deleted. The generic registry does everything else. One table per API
// group lives in strategies/.
import type { Metrics } from '#base/metrics.ts';
import type { DeleteOptions, ObjectMeta } from '#api/meta/v1.ts';
import type { FieldError } from '#machinery';
import type { Identity, KubeObject, ObjectReader } from '../contract.ts';

/** A KubeObject under its static type; every object in the registry has metadata. */
export type Stored<T = unknown> = T & KubeObject & { metadata: ObjectMeta };

export interface WriteContext {
  readonly nowMs: number;
  readonly reader: ObjectReader;
  readonly user: Identity;
  readonly dryRun: boolean;
  /** Adds a `Warning` header to the answer. */
  warn(message: string): void;
  /** Adds an annotation to the audit event. */
  annotate(key: string, value: string): void;
}

export interface SubresourceStrategy {
  prepare(object: Stored, old: Stored, context: WriteContext): void;
  /** Beyond the machinery's validation of the subresource. */
  validate?(object: Stored, old: Stored, context: WriteContext): FieldError[];
  /** Warnings of a write through the subresource; those of the resource itself are not told there. */
  warnings?(object: Stored, old: Stored): string[];
  /** What was written, which is to be counted. */
  written?(object: Stored, old: Stored, metrics: Metrics): void;
}

export interface Strategy {
  /** PUT creates what does not exist. */
  readonly createOnUpdate: boolean;
  /** An update without resourceVersion replaces whatever is there. */
  readonly unconditionalUpdate: boolean;
  /** DELETE answers the deleted object instead of a Status. */
  readonly returnsDeleted: boolean;
  /** What a DELETE without propagationPolicy means for dependents. */
  readonly dependents: 'delete' | 'orphan' | 'unsupported';
  /** Selectable fields beyond metadata.name and metadata.namespace. */
  readonly fieldNames: readonly string[];
  fieldsOf(object: Stored): readonly string[];
  /** Other spellings of selectable fields ("spec.host"). */
  readonly fieldAliases: Readonly<Record<string, string>>;
  /** Objects vanish so many seconds after their last write. */
  readonly ttlSeconds: number;
  /** Writes what upstream's conversion from its internal type always writes; seen by ownership, before anything is prepared. Throws 400. */
  convertSpelling?(object: Stored): void;
  /** Objects are mostly made by programs, many with one spec. */
  readonly comesFromTemplates: boolean;
  /** A spec that came before is shared: it was prepared then, and preparing it again must leave it as it is. */
  prepareCreate(object: Stored, context: WriteContext): void;
  prepareUpdate(object: Stored, old: Stored, context: WriteContext): void;
  /** 'status', 'finalize', 'approval', …: what an update through a subresource may change. */
  readonly subresources: Readonly<Record<string, SubresourceStrategy>>;
  /** After validation, before the write (namespace label). */
  canonicalize?(object: Stored): void;
  validate?(object: Stored, old: Stored | undefined, context: WriteContext): FieldError[];
  warnings?(object: Stored, old: Stored | undefined): string[];
  /** Present: objects are deleted gracefully. Answers the grace period in seconds. */
  gracePeriod?(object: Stored, options: DeleteOptions): number;
  /** Whether an update that empties the finalizers of an object in deletion may delete it. */
  deletesDuringUpdate?(object: Stored): boolean;
  /** A first DELETE marks the object instead (namespaces); true when it did. */
  markForDeletion?(object: Stored, options: DeleteOptions, nowMs: number): boolean;
  /** After the first DELETE of a marked object: still held by others. */
  heldInDeletion?(object: Stored): boolean;
}
