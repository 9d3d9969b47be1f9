// The parameters of a policy binding: objects of the policy's paramKind, by name or by labels, from the cluster or from
// a namespace (upstream's generic.CollectParams).
import type { ParamKind, ParamRef } from '#api/admissionregistration/v1.ts';
import { parseApiVersion, selectorFromObject } from '#machinery';
import type { KubeObject, ObjectReader } from '../contract.ts';
import type { ResourceTable, ServedResource } from '../registry/resources.ts';

export interface ParamPorts {
  readonly reader: Pick<ObjectReader, 'get' | 'list'>;
  readonly resources: Pick<ResourceTable, 'served'>;
}

function servedKind({ resources }: ParamPorts, { apiVersion = '', kind = '' }: ParamKind): ServedResource | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  return resources.served.find(({ info }) => info.group === group && info.version === version && info.kind === kind);
}

/** "group/version, Kind=kind" */
function kindText({ apiVersion = '', kind = '' }: ParamKind): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

/** Throws when nothing of this kind is served. */
export function paramResource(ports: ParamPorts, kind: ParamKind): ServedResource {
  const served = servedKind(ports, kind);
  if (served === undefined) throw new Error(`failed to find resource referenced by paramKind: '${kindText(kind)}'`);
  return served;
}

/**
 * What a binding's expressions are evaluated with, one after the other; `undefined` stands for evaluation without
 * parameters. Throws for what is configured wrongly.
 */
export function collectParams(ports: ParamPorts, kind: ParamKind | undefined, ref: ParamRef | undefined, requestNamespace: string): readonly (KubeObject | undefined)[] {
  if (kind === undefined || ref === undefined) return [undefined];
  const served = paramResource(ports, kind);
  const { namespaced } = served.info;
  const ownNamespace = ref.namespace ?? '';
  if (ownNamespace !== '' && !namespaced) throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const namespace = namespaced ? (ownNamespace === '' ? requestNamespace : ownNamespace) : '';
  if (namespaced && namespace === '') throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  const params = find(ports, served, ref, namespace);
  if (params.length === 0 && ref.parameterNotFoundAction === 'Deny') throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
  return params;
}

function find({ reader }: ParamPorts, served: ServedResource, ref: ParamRef, namespace: string): KubeObject[] {
  const { group, plural } = served.info;
  const shown = (object: KubeObject): KubeObject => (served.isStorageVersion ? object : served.fromStored(object));
  const { name = '', selector } = ref;
  if (name !== '') {
    if (selector !== undefined) throw new Error('paramRef.name and paramRef.selector are mutually exclusive');
    const object = reader.get(group, plural, namespace, name);
    return object === undefined ? [] : [shown(object)];
  }
  if (selector === undefined) throw new Error('one of name or selector must be provided');
  const matcher = selectorFromObject(selector);
  return reader.list(group, plural, namespace).filter((object) => matcher.matches(object.metadata?.labels ?? {})).map(shown);
}
