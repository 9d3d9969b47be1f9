// How types are called in OpenAPI documents: upstream's Go package path with dots, its host reversed.
import { isScalar } from '#api/schema.ts';

const packages: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta',
  apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  apiregistration: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

const scalarNames: Readonly<Record<string, string>> = {
  time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  microTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
  duration: 'io.k8s.apimachinery.pkg.apis.meta.v1.Duration',
  fieldsV1: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  rawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
};

/** "core.v1.Pod" → "io.k8s.api.core.v1.Pod"; undefined for scalars that are written in place (string, int32). */
export function definitionName(type: string): string | undefined {
  if (isScalar(type)) return scalarNames[type];
  const [pkg = '', version = '', kind = ''] = type.split('.');
  return `${packages[pkg] ?? `io.k8s.api.${pkg}`}.${version}.${kind}`;
}

/** "stable.example.com", "v1", "CronTab" → "com.example.stable.v1.CronTab". */
export function customDefinitionName(group: string, version: string, kind: string): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

/** The schema types whose names kubectl and others look for although they are scalars here. */
export const namedScalars: readonly string[] = Object.keys(scalarNames);
