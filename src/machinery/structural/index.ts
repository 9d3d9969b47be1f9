// The door of structural schemas.
export { asSchema, parseStructural, SchemaError, someSchema, type Structural } from './schema.ts';
export { checkingStructure, isStructural, structuralErrors } from './validity.ts';
export { judgingPatterns } from './pattern.ts';
export { prune } from './prune.ts';
export { dropNulls, fillDefaults } from './defaults.ts';
export { Correlated } from './correlate.ts';
export { blocksRules, validateValue, validatingValue } from './validate.ts';
export { coerceEmbedded, CoerceError, coerceMetadata, validateEmbedded } from './metadata.ts';
export { compileRuleTree, runRules, type RuleNode } from './rule-check.ts';
export { validateListTypes } from './list-types.ts';
export { structuralShape } from './shape.ts';
