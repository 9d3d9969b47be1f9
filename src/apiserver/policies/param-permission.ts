// Who writes a policy or binding that reads parameters must be able to read them himself: otherwise a policy would
// tell what its author may not know. Upstream does this in the storage of the four kinds; nothing switches it off.
import type { ParamKind, ParamRef } from '#api/admissionregistration/v1.ts';
import { errorText } from '#base/errors.ts';
import { forbiddenField, invalid, jsonEqual, parseApiVersion, type KubeObject } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, Attributes, Authorizer, Identity, ObjectReader } from '../contract.ts';
import { paramResource, type ParamPorts } from './params.ts';

const group = 'admissionregistration.k8s.io';
const policies = ['validatingadmissionpolicies', 'mutatingadmissionpolicies'];
const bindings: Readonly<Record<string, string>> = { validatingadmissionpolicybindings: 'validatingadmissionpolicies', mutatingadmissionpolicybindings: 'mutatingadmissionpolicies' };

interface Written extends KubeObject {
  spec?: { readonly paramKind?: ParamKind; readonly paramRef?: ParamRef; readonly policyName?: string };
}

interface PermissionPorts extends ParamPorts {
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
}

/** As Go prints a user. */
function userText({ name, uid = '', groups, extra = {} }: Identity): string {
  const entries = Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, values]) => `${key}:[${values.join(' ')}]`);
  return `&{${name} ${uid} [${groups.join(' ')}] map[${entries.join(' ')}]}`;
}

type Target = Pick<Attributes, 'apiGroup' | 'apiVersion' | 'resource'>;

/** What must be readable: the kind's resource, or as little less as is known. */
function targetOf(ports: PermissionPorts, kind: ParamKind | undefined): { readonly target: Target; readonly unresolved: boolean } {
  if (kind === undefined) return { target: { apiGroup: '*', apiVersion: '*', resource: '*' }, unresolved: false };
  const { group: apiGroup, version: apiVersion } = parseApiVersion(kind.apiVersion ?? '');
  try {
    return { target: { apiGroup, apiVersion, resource: paramResource(ports, kind).info.plural }, unresolved: false };
  } catch {
    return { target: { apiGroup, apiVersion, resource: '*' }, unresolved: true };
  }
}

async function may(ports: PermissionPorts, request: AdmissionRequest, verb: string, target: Target, namespace: string, name: string): Promise<boolean> {
  const verdict = await ports.authorizer.authorize({ user: request.user, isResourceRequest: true, verb, path: '', subresource: '', namespace, name, ...target });
  return verdict.decision === 'allow';
}

async function policyProblem(ports: PermissionPorts, request: AdmissionRequest): Promise<string | undefined> {
  const kind = (request.object as Written | undefined)?.spec?.paramKind;
  if (kind === undefined || jsonEqual(kind, (request.oldObject as Written | undefined)?.spec?.paramKind)) return undefined;
  if (await may(ports, request, 'get', targetOf(ports, kind).target, '*', '*')) return undefined;
  return `user ${userText(request.user)} must have "get" permission on all objects of the referenced paramKind (kind=${kind.kind ?? ''}, apiVersion=${kind.apiVersion ?? ''})`;
}

async function bindingProblem(ports: PermissionPorts, request: AdmissionRequest): Promise<string | undefined> {
  const { paramRef: ref, policyName = '' } = (request.object as Written | undefined)?.spec ?? {};
  const old = (request.oldObject as Written | undefined)?.spec;
  if (ref === undefined || (jsonEqual(ref, old?.paramRef) && policyName === old?.policyName)) return undefined;
  const policy = ports.reader.get(group, bindings[request.resource.plural] ?? '', '', policyName) as Written | undefined;
  const { target, unresolved } = targetOf(ports, policy?.spec?.paramKind);
  const verb = (ref.name ?? '') === '' ? 'list' : 'get';
  if (await may(ports, request, verb, target, ref.namespace ?? '', ref.name ?? '')) return undefined;
  const lacking = `to determine minimum required permissions and user ${userText(request.user)} does not have "${verb}" permission for all groups, versions and resources`;
  if (policy === undefined) return `unable to get policy ${policyName} ${lacking}`;
  if (unresolved) return `unable to resolve paramKind ${policy.spec?.paramKind?.apiVersion ?? ''}, Kind=${policy.spec?.paramKind?.kind ?? ''} ${lacking}`;
  return `user ${userText(request.user)} does not have "${verb}" permission on the object referenced by paramRef`;
}

export function paramPermission(ports: PermissionPorts): AdmissionPlugin {
  return {
    name: 'ParamPermission',
    handles: (operation, resource, subresource) =>
      resource.group === group && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE') && (policies.includes(resource.plural) || Object.hasOwn(bindings, resource.plural)),
    async validate(request) {
      if (request.user.groups.includes('system:masters')) return;
      const isPolicy = policies.includes(request.resource.plural);
      const problem = await (isPolicy ? policyProblem(ports, request) : bindingProblem(ports, request)).catch((error: unknown) => errorText(error));
      if (problem !== undefined) throw invalid({ group, kind: request.resource.kind }, request.name, [forbiddenField(isPolicy ? 'spec.paramKind' : 'spec.paramRef', problem)]);
    },
  };
}
