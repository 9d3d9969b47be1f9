// Who owns what after a create, an update or a patch. Ownership is told in the version of the request: where that
// is not the stored one, both objects are looked at through it, and only the owners travel back. Owners that wrote
// through another version are compared at theirs, so that a change through either version takes from both.
import { atOnce, inSlices, shapeOf, trackingUpdate, type ConvertTo, type KubeObject } from '#machinery';
import { apiVersionOf, resources } from '#api/resources.ts';
import { convert, isConvertible } from './conversions.ts';
import type { ServedResource } from './resources.ts';
import type { Stored } from './strategy.ts';
import type { WriteRequest } from './write-request.ts';

const conversions = new WeakMap<ServedResource, ConvertTo>();

/** Built-in kinds with several versions: objects at the version that an owner names; undefined once nobody serves it. */
export function convertFor(served: ServedResource): ConvertTo | undefined {
  const { type } = served.info;
  if (served.handling.convert !== undefined || type === undefined) return served.handling.convert;
  let known = conversions.get(served);
  if (known === undefined) {
    const versions = new Map(resources.flatMap((info) => (info.type !== undefined && isConvertible(type, info.type) ? [[apiVersionOf(info), info.type] as const] : [])));
    known = (object, apiVersion) => {
      const target = versions.get(apiVersion);
      return target === undefined ? undefined : { object: convert(type, target, object), shape: shapeOf(target) };
    };
    conversions.set(served, known);
  }
  return known;
}

/** `after` (in the stored version) with the owners that follow from the request. `before` is what was stored. In slices when `heavy`. */
export function tracked(request: WriteRequest, before: KubeObject | undefined, after: KubeObject, heavy: boolean): Promise<Stored> | Stored {
  const { served, stored } = request;
  stored.strategy.convertSpelling?.(after as Stored);
  const own = served.isStorageVersion;
  const { handling, info, head } = own ? stored : served;
  const work = trackingUpdate({
    type: info.type,
    shape: handling.shape,
    resetFields: handling.resetFields(request.subresource),
    convert: convertFor(served),
    before: own || before === undefined ? before : served.fromStored(before),
    after: own ? after : served.fromStored(after),
    manager: request.manager,
    subresource: request.subresource,
    apiVersion: head.apiVersion,
    nowMs: request.nowMs,
    sliced: heavy,
  });
  if (heavy) return inSlices(work).then((result) => withOwners(after, result, own));
  return withOwners(after, atOnce(work), own);
}

function withOwners(after: KubeObject, result: KubeObject, own: boolean): Stored {
  if (own) return result as Stored;
  const { managedFields: _old, ...metadata } = after.metadata ?? {};
  const managedFields = result.metadata?.managedFields;
  return { ...after, metadata: { ...metadata, ...(managedFields === undefined ? {} : { managedFields }) } } as Stored;
}
