// Defaults of apiextensions.k8s.io/v1 and apiregistration.k8s.io/v1.
import type { CustomResourceDefinition, ServiceReference } from '#api/apiextensions/v1.ts';
import type { ServiceReference as AggregatedServiceReference } from '#api/apiregistration/v1.ts';
import { hook, type Hooks } from './hook.ts';

function definitionDefaults(definition: CustomResourceDefinition): void {
  const { spec, status } = definition;
  const { names } = spec;
  names.singular ||= names.kind.toLowerCase();
  if (names.kind !== '') names.listKind ||= `${names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  if (status === undefined || (status.storedVersions ?? []).length > 0) return;
  const stored = spec.versions?.find((version) => version.storage);
  if (stored !== undefined) status.storedVersions = [stored.name];
}

export const hooks: Hooks = {
  'apiextensions.v1.CustomResourceDefinition': hook(definitionDefaults),
  'apiextensions.v1.ServiceReference': hook<ServiceReference>((reference) => {
    reference.port ??= 443;
  }),
  'apiregistration.v1.ServiceReference': hook<AggregatedServiceReference>((reference) => {
    reference.port ??= 443;
  }),
};
