// A CustomResourceDefinition of apiextensions.k8s.io/v1beta1, which is what upstream's servers keep in their etcd to
// this day, as v1: what v1beta1 says once for all versions, each version says for itself, and v1beta1's defaults hold.
import { isObject } from '#machinery';
import type { KubeObject } from '../contract.ts';

type Fields = Record<string, unknown>;

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function columnsOf(columns: unknown): unknown {
  if (!Array.isArray(columns)) return columns;
  return columns.map((column: unknown) => {
    const { JSONPath: path, ...rest } = fieldsOf(column);
    return path === undefined ? rest : { ...rest, jsonPath: path };
  });
}

function versionsOf(spec: Fields): Fields[] {
  const listed = Array.isArray(spec['versions']) ? spec['versions'].map(fieldsOf) : [];
  const versions: Fields[] = listed.length > 0 ? listed : given(spec['version']) ? [{ name: spec['version'], served: true, storage: true }] : [];
  const shared = { schema: spec['validation'], subresources: spec['subresources'], additionalPrinterColumns: spec['additionalPrinterColumns'], selectableFields: spec['selectableFields'] };
  return versions.map((version) => {
    const own: Fields = { ...version };
    for (const [name, value] of Object.entries(shared)) if (given(value)) own[name] = value;
    if (own['additionalPrinterColumns'] !== undefined) own['additionalPrinterColumns'] = columnsOf(own['additionalPrinterColumns']);
    return own;
  });
}

function conversionOf(value: unknown): Fields {
  const { strategy = 'None', webhookClientConfig: clientConfig, conversionReviewVersions: told } = fieldsOf(value);
  const versions = Array.isArray(told) && told.length > 0 ? told : strategy === 'Webhook' ? ['v1beta1'] : undefined;
  if (!given(clientConfig) && versions === undefined) return { strategy };
  return { strategy, webhook: { ...(given(clientConfig) ? { clientConfig } : {}), ...(versions === undefined ? {} : { conversionReviewVersions: versions }) } };
}

export function definitionFromBeta(object: KubeObject): KubeObject {
  const spec = fieldsOf(object['spec']);
  const names = fieldsOf(spec['names']);
  const kind = typeof names['kind'] === 'string' ? names['kind'] : '';
  const versions = versionsOf(spec);
  const status = fieldsOf(object['status']);
  const stored = status['storedVersions'];
  const storage = versions.find((version) => version['storage'] === true)?.['name'];
  return {
    ...object,
    spec: {
      group: spec['group'],
      names: { ...names, singular: given(names['singular']) ? names['singular'] : kind.toLowerCase(), listKind: given(names['listKind']) ? names['listKind'] : `${kind}List` },
      scope: given(spec['scope']) ? spec['scope'] : 'Namespaced',
      versions,
      conversion: conversionOf(spec['conversion']),
      ...(spec['preserveUnknownFields'] === false ? {} : { preserveUnknownFields: true }),
    },
    status: { ...status, storedVersions: Array.isArray(stored) && stored.length > 0 ? stored : storage === undefined ? [] : [storage] },
  };
}
