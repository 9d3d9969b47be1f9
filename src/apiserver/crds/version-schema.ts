// What the schema of one version does to its objects: `settle` prunes and coerces what comes from clients, webhooks or
// the store; defaults follow. Both work in place, on objects that nobody else holds.
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps } from '#api/apiextensions/v1.ts';
import {
  atOnce, CoerceError, coerceEmbedded, coerceMetadata, dropNulls, errorText, fillDefaults, parseStructural, prune, SchemaError, structuralShape, UnmarshalError, type Shape, type Sliced, type Structural,
} from '#machinery';
import type { KubeObject } from '../contract.ts';

export interface SettleOptions {
  /** Of what is stored: malformed metadata is dropped, a missing generation repaired. */
  readonly fromStore?: boolean;
  /** Collects the paths of unknown fields. */
  readonly unknown?: string[];
}

export interface VersionSchema {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: JSONSchemaProps | undefined;
  readonly structural: Structural | undefined;
  readonly shape: Shape;
  /** Throws UnmarshalError with Go's text for metadata that makes no sense. */
  settle(object: KubeObject, options?: SettleOptions): void;
  /** As settle, in slices. */
  settling(object: KubeObject, options?: SettleOptions): Sliced<void>;
  applyDefaults(object: KubeObject): void;
  /** Objects that are exactly as this schema reads them from the store, which spares reading back what was just written. */
  readonly settled: WeakSet<KubeObject>;
}

/** Unknown fields are kept where the definition is so old that it may say so, and where its schema is not structural. */
export function versionSchema(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): VersionSchema {
  const { group, preserveUnknownFields = false } = definition.spec;
  const kind = definition.status?.acceptedNames?.kind ?? definition.spec.names.kind;
  const apiVersion = `${group}/${version.name}`;
  const raw = version.schema?.openAPIV3Schema;
  const structural = parsed(raw);
  const isOwn = (object: KubeObject): boolean => object.kind === kind && object.apiVersion === apiVersion;
  function* settling(object: KubeObject, { fromStore = false, unknown }: SettleOptions = {}): Sliced<void> {
    const options = { dropInvalid: fromStore, ...(unknown === undefined ? {} : { unknown }) };
    coerceMetadata(object, '', options);
    if (!isOwn(object)) return;
    yield;
    if (!preserveUnknownFields) {
      for (const path of prune(object, structural, true, unknown !== undefined)) unknown?.push(path);
      yield;
      dropNulls(object, structural);
      yield;
    }
    settleEmbedded(object, structural, options);
    if (fromStore && (object.metadata?.generation ?? 0) === 0) object.metadata = { ...object.metadata, generation: 1 };
  }
  return {
    name: version.name,
    apiVersion,
    kind,
    raw,
    structural,
    shape: structuralShape(structural),
    settled: new WeakSet(),
    settle: (object, options) => atOnce(settling(object, options)),
    settling,
    applyDefaults(object) {
      if (!isOwn(object)) return;
      fillDefaults(object, structural);
      // What defaults put into an embedded resource's metadata is metadata too: nothing unknown stays there.
      coerceEmbedded(object, structural, false, { dropInvalid: true });
    },
  };
}

function parsed(raw: JSONSchemaProps | undefined): Structural | undefined {
  if (raw === undefined) return undefined;
  try {
    return parseStructural(raw);
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}

function settleEmbedded(object: KubeObject, structural: Structural | undefined, options: { readonly dropInvalid: boolean; readonly unknown?: string[] }): void {
  try {
    coerceEmbedded(object, structural, false, options);
  } catch (error) {
    if (error instanceof CoerceError) throw new UnmarshalError(errorText(error.error));
    throw error;
  }
}
