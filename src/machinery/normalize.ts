// The form in which objects are stored and answered: what Go's decode and encode would make of them. Defaults,
// admission and patches work on plain JSON; after them `normalize` puts the result back into canonical form.
import { settleMessage } from './canonical-form.ts';
import type { KubeObject } from './object.ts';
import { settlingMessage } from './sliced-read.ts';
import type { Sliced } from './slices.ts';
import { planOf } from './type-plan.ts';
import { ReadContext } from './wire-read.ts';

/**
 * The object in canonical form, sharing what is canonical already (all of it, if so): unknown fields pruned, empty
 * optional ones dropped, those always written added, times and quantities canonical. Throws UnmarshalError where a value has the wrong type.
 * @param known A canonical object of the type, from which `object` was made.
 */
export function normalize(type: string, object: KubeObject, known?: KubeObject): KubeObject {
  return settleMessage(planOf(type), object, new ReadContext(false, false), known);
}

/** As normalize, in slices. */
export function normalizing(type: string, object: KubeObject, known?: KubeObject): Sliced<KubeObject> {
  return settlingMessage(planOf(type), object, new ReadContext(false, false), known);
}
