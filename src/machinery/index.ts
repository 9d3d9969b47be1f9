// The door of the machinery room.
export type { KubeObject } from './object.ts';
export * from './status.ts';
export * from './field-errors.ts';
export { labelKeyErrors, labelValueErrors } from './label-syntax.ts';
export {
  everything, nothing, parseLabelSelector, selectorFromLabels, selectorFromObject,
  type LabelMatcher, type LabelRequirement, type Labels,
} from './selectors-label.ts';
export { parseFieldSelector, type FieldMatcher, type FieldRequirement } from './selectors-field.ts';
export {
  addQuantity, canonicalQuantity, compareQuantity, formatQuantity, isZeroQuantity, milliQuantityOf, parseQuantity, quantityMilliValue,
  quantityOf, quantitySign, quantityValue, roundUpQuantity, subQuantity, type Quantity,
} from './quantity.ts';
