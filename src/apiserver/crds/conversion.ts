// Between the versions of a custom resource. Without a webhook only apiVersion changes; with one (strategy Webhook) all
// objects of a batch travel in one ConversionReview, and of what comes back metadata may differ in labels and
// annotations alone. Whatever comes out is settled by the schema of its version. Failures read as upstream's.
import type { CustomResourceDefinition } from '#api/apiextensions/v1.ts';
import { cloneJson } from '#machinery';
import type { KubeObject } from '../contract.ts';
import type { Converter } from './version-cache.ts';
import type { VersionSchema } from './version-schema.ts';

export type Versions = ReadonlyMap<string, VersionSchema>;

/** Converts objects of any version of the definition to one. */
export interface Conversion {
  readonly immediate: boolean;
  /** The objects are left alone; those at the version already are copied. Not settled. */
  convert(objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]> | KubeObject[];
}

/** Objects of which nothing but the type is known to differ. */
const noConversion: Conversion = {
  immediate: true,
  convert: (objects, apiVersion) => objects.map((object) => ({ ...cloneJson(object), apiVersion })),
};

/** To one version, settled. Defaults come from the version that was asked with or stored, not from the one converted to. */
export function converterTo(schema: VersionSchema, conversion: Conversion): Converter {
  const settle = (objects: readonly KubeObject[]): readonly KubeObject[] => {
    for (const object of objects) schema.settle(object, { fromStore: true });
    return objects;
  };
  return {
    immediate: conversion.immediate,
    convert(objects) {
      const converted = conversion.convert(objects, schema.apiVersion);
      return converted instanceof Promise ? converted.then(settle) : settle(converted);
    },
  };
}

/** To the version that is stored: pruned, without defaults. */
export function toStorage(schema: VersionSchema, conversion: Conversion, object: KubeObject): Promise<KubeObject> | KubeObject {
  if (object.apiVersion === schema.apiVersion) return object;
  const settled = (objects: readonly KubeObject[]): KubeObject => {
    const [converted = object] = objects;
    schema.settle(converted);
    return converted;
  };
  const converted = conversion.convert([object], schema.apiVersion);
  return converted instanceof Promise ? converted.then(settled) : settled(converted);
}

export function conversionOf(definition: CustomResourceDefinition, webhook: ((definition: CustomResourceDefinition) => Conversion) | undefined): Conversion {
  return definition.spec.conversion?.strategy === 'Webhook' && webhook !== undefined ? webhook(definition) : noConversion;
}
