// Owned sets that were written under an older schema: where a field has since become atomic, whoever owned
// parts of it owns the whole of it now.
import { isEmptySet, leaf, type FieldSet, type FieldSetBuilder } from './field-set.ts';
import type { Shape } from './shape.ts';

/** `fields` as today's shape would have recorded them; the same set when nothing differs. */
export function reconcileFields(shape: Shape, fields: FieldSet): FieldSet {
  if (shape.kind === 'any' || shape.kind === 'scalar' || (shape.kind === 'list' && shape.element.kind === 'scalar')) return fields;
  let out: FieldSetBuilder | undefined;
  for (const key in fields) {
    if (key === '.') continue;
    const node = fields[key];
    const child = childOf(shape, key);
    if (node === undefined || child === undefined || child.kind === 'scalar' || isEmptySet(node)) continue;
    const reconciled = isAtomic(child) ? leaf : reconcileFields(child, node);
    if (reconciled === node) continue;
    out ??= { ...fields };
    out[key] = reconciled;
  }
  return out === undefined ? fields : (out as FieldSet);
}

function isAtomic(shape: Shape): boolean {
  return (shape.kind === 'map' && shape.atomic) || (shape.kind === 'list' && shape.relation === 'atomic');
}

function childOf(shape: Shape, element: string): Shape | undefined {
  if (shape.kind === 'list') return shape.element;
  if (shape.kind !== 'map' || !element.startsWith('f:')) return undefined;
  return shape.fields?.get(element.slice(2))?.shape ?? shape.element;
}
