// Where the registry meets the machinery's validation: the shape and the rules of a type, chosen by operation
// and subresource. Custom resources have no type; their own schema checks them.
import { validateCreate, validateStatusUpdate, validateSubresource, validateUpdate, type FieldError } from '#machinery';
import type { Stored } from './strategy.ts';

export function validateNew(type: string | undefined, object: Stored): FieldError[] {
  return type === undefined ? [] : validateCreate(type, object);
}

export function validateChange(type: string | undefined, subresource: string, object: Stored, old: Stored): FieldError[] {
  if (type === undefined) return [];
  if (subresource === '') return validateUpdate(type, object, old);
  if (subresource === 'status') return validateStatusUpdate(type, object, old);
  return validateSubresource(type, subresource, object, old);
}
