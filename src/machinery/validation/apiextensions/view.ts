// A definition as upstream's validation sees it: what all versions say alike (schema, subresources, columns, selectable
// fields) stands once at the top, which is what the fields of its errors are named after.
import type {
  CustomResourceColumnDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceSubresources, CustomResourceValidation, SelectableField,
} from '#api/apiextensions/v1.ts';
import { jsonEqual } from '../../patch/json-tree.ts';

export interface SpecView {
  readonly spec: CustomResourceDefinitionSpec;
  readonly schema: CustomResourceValidation | undefined;
  readonly subresources: CustomResourceSubresources | undefined;
  readonly columns: readonly CustomResourceColumnDefinition[] | undefined;
  readonly selectableFields: readonly SelectableField[] | undefined;
  /** With what stands at the top taken out. */
  readonly versions: readonly CustomResourceDefinitionVersion[];
}

export function viewOf(spec: CustomResourceDefinitionSpec): SpecView {
  const versions = spec.versions ?? [];
  const shared = <K extends keyof CustomResourceDefinitionVersion>(name: K): CustomResourceDefinitionVersion[K] | undefined => {
    const [first] = versions;
    return first !== undefined && versions.every((version) => jsonEqual(version[name] ?? null, first[name] ?? null)) ? first[name] : undefined;
  };
  const [schema, subresources, columns, selectableFields] = [shared('schema'), shared('subresources'), shared('additionalPrinterColumns'), shared('selectableFields')];
  return {
    spec,
    schema,
    subresources,
    columns,
    selectableFields,
    versions: versions.map((version) => {
      const own = { ...version };
      if (schema !== undefined) delete own.schema;
      if (subresources !== undefined) delete own.subresources;
      if (columns !== undefined) delete own.additionalPrinterColumns;
      if (selectableFields !== undefined) delete own.selectableFields;
      return own;
    }),
  };
}
