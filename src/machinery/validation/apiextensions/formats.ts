// Formats in a definition's schemas that nobody validates: authors are warned of them.
import type { CustomResourceDefinitionSpec } from '#api/apiextensions/v1.ts';
import { isKnownFormat } from '../../structural/formats.ts';
import { someSchema } from '../../structural/schema.ts';

/** The unknown formats of all versions, each as often as it occurs. */
export function unknownFormatsOf(spec: CustomResourceDefinitionSpec): string[] {
  const found: string[] = [];
  for (const version of spec.versions ?? []) {
    someSchema(version.schema?.openAPIV3Schema, ({ format = '', type = '' }) => {
      if (format !== '' && !isKnownFormat(type, format)) found.push(format);
      return false;
    });
  }
  return found;
}
