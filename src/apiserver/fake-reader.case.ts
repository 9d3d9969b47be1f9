// A reader over a plain list of objects, for tests of authorizers and admission plugins.
import { resources } from '#api/resources.ts';
import type { KubeObject, ObjectReader } from './contract.ts';

export interface FakeReader extends ObjectReader {
  put(...objects: KubeObject[]): void;
  remove(kind: string, name: string): void;
}

function pluralOf(object: KubeObject): string {
  const [group, version] = object.apiVersion?.includes('/') === true ? object.apiVersion.split('/') : ['', object.apiVersion];
  return resources.find((r) => r.group === group && r.version === version && r.kind === object.kind)?.plural ?? '';
}

function groupOf(object: KubeObject): string {
  return object.apiVersion?.includes('/') === true ? (object.apiVersion.split('/')[0] ?? '') : '';
}

export function fakeReader(...initial: KubeObject[]): FakeReader {
  let objects = [...initial];
  let revision = 1;
  const of = (group: string, resource: string): KubeObject[] => objects.filter((o) => groupOf(o) === group && pluralOf(o) === resource);
  return {
    get: (group, resource, namespace, name) => of(group, resource).find((o) => (o.metadata?.namespace ?? '') === namespace && o.metadata?.name === name),
    list: (group, resource, namespace) => of(group, resource).filter((o) => namespace === undefined || o.metadata?.namespace === namespace),
    where: (group, resource, field, value) => of(group, resource).filter((o) => field.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], o) === value),
    revision: () => revision,
    put(...more) {
      objects.push(...more);
      revision++;
    },
    remove(kind, name) {
      objects = objects.filter((o) => o.kind !== kind || o.metadata?.name !== name);
      revision++;
    },
  };
}
