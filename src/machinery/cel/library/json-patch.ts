// jsonpatch.escapeKey(key): a key as it stands in a JSON pointer (upstream's kubernetes.jsonpatch). The type
// JSONPatch itself belongs to mutating policies.
import type { FunctionDeclaration } from '../contract.ts';
import { stringType } from '../types/types.ts';
import { traversal } from './costs.ts';
import { asText, declare, of1 } from './declare.ts';

export const jsonPatchLibrary: readonly FunctionDeclaration[] = [
  declare('jsonpatch.escapeKey', {
    id: 'string_jsonpatch_escapeKey_string', params: [stringType], result: stringType, ...traversal({ keepsSize: true }),
    call: of1(asText, (key) => key.replaceAll('~', '~0').replaceAll('/', '~1')),
  }),
];
