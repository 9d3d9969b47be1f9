// Where a slice or one of its devices can be reached from: one node, selected nodes or all.
import type { NodeSelector } from '#api/core/v1.ts';
import { addAll, child, invalidValue, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkNodeSelector } from '../core/affinity.ts';

interface Place {
  readonly nodeName?: string;
  readonly nodeSelector?: NodeSelector;
  readonly allNodes?: boolean;
}

/** The ways in which a slice or device says where it is, and how each may be wrong. */
export function checkPlace(place: Place, path: string, emptyName: string): { readonly set: string[]; readonly errors: FieldError[] } {
  const set: string[] = [];
  const errors: FieldError[] = [];
  const name = place.nodeName ?? undefined;
  if (name === '') errors.push(invalidValue(child(path, 'nodeName'), name, emptyName));
  else if (name !== undefined) {
    set.push('`nodeName`');
    for (const message of nameIsSubdomain(name, false)) errors.push(invalidValue(child(path, 'nodeName'), name, message));
  }
  if (place.nodeSelector) {
    set.push('`nodeSelector`');
    addAll(errors, checkNodeSelector(place.nodeSelector, child(path, 'nodeSelector')));
  }
  if (place.allNodes === true) set.push('`allNodes`');
  else if (place.allNodes === false) errors.push(invalidValue(child(path, 'allNodes'), false, 'must be either unset or set to true'));
  return { set, errors };
}
