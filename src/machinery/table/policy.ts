// Rows of rbac, admissionregistration, certificates, flowcontrol, apiregistration and meta's Status.
import type {
  MutatingAdmissionPolicy, MutatingWebhookConfiguration, ParamRef, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
} from '#api/admissionregistration/v1.ts';
import type { APIService } from '#api/apiregistration/v1.ts';
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1.ts';
import type { Status } from '#api/meta/v1.ts';
import type { RoleBinding } from '#api/rbac/v1.ts';
import { age, humanDuration, nameOf, selectorText } from './cell-text.ts';
import { printer, type Cell, type Printers } from './printer.ts';

const binding = printer<RoleBinding>('Name=name Role Age Users* Groups* ServiceAccounts*', (object, nowMs) => {
  const subjects = object.subjects ?? [];
  const names = (kind: string): string => subjects.filter((subject) => subject.kind === kind).map(({ name }) => name).join(', ');
  const accounts = subjects.filter(({ kind }) => kind === 'ServiceAccount').map(({ namespace, name }) => `${namespace ?? ''}/${name}`).join(', ');
  return [nameOf(object), `${object.roleRef.kind}/${object.roleRef.name}`, age(object, nowMs), names('User'), names('Group'), accounts];
});

const webhooks = printer<ValidatingWebhookConfiguration & MutatingWebhookConfiguration>('Name=name Webhooks:integer Age', (object, nowMs) => [
  nameOf(object), (object.webhooks ?? []).length, age(object, nowMs),
]);

function paramKind(kind: { readonly apiVersion?: string; readonly kind?: string } | undefined): string {
  return kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>';
}

function paramText(reference: ParamRef | undefined): string {
  if (!reference) return '<unset>';
  if (reference.name) return `${reference.namespace || '*'}/${reference.name}`;
  return reference.selector ? selectorText(reference.selector) : '<unset>';
}

/** As they are tried. */
function inMatchingOrder(a: FlowSchema, b: FlowSchema): number {
  const difference = (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0);
  return difference === 0 ? (nameOf(a) < nameOf(b) ? -1 : 1) : difference;
}

const policyBinding = printer<ValidatingAdmissionPolicyBinding>('Name=name PolicyName ParamRef Age', (object, nowMs) => [
  nameOf(object), object.spec?.policyName ?? '', paramText(object.spec?.paramRef), age(object, nowMs),
]);

function requestStatus({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) === true;
  const verdict = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${verdict}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}

function levelCells(level: PriorityLevelConfiguration, nowMs: number): Cell[] {
  const limited = level.spec?.limited;
  const queuing = limited?.limitResponse?.queuing;
  return [
    nameOf(level), level.spec?.type ?? '', limited?.nominalConcurrencyShares ?? (limited ? 0 : '<none>'), queuing?.queues ?? '<none>', queuing?.handSize ?? '<none>',
    queuing?.queueLengthLimit ?? '<none>', age(level, nowMs),
  ];
}

function availability({ status }: APIService): string {
  const available = status?.conditions?.find(({ type }) => type === 'Available');
  if (available === undefined) return 'Unknown';
  return available.status !== 'True' && available.reason ? `${available.status} (${available.reason})` : available.status;
}

export const printers: Printers = {
  'rbac.v1.RoleBinding': binding,
  'rbac.v1.ClusterRoleBinding': binding,
  'admissionregistration.v1.ValidatingWebhookConfiguration': webhooks,
  'admissionregistration.v1.MutatingWebhookConfiguration': webhooks,
  'admissionregistration.v1.ValidatingAdmissionPolicy': printer<ValidatingAdmissionPolicy>('Name=name Validations:integer ParamKind Age', (object, nowMs) => [
    nameOf(object), (object.spec?.validations ?? []).length, paramKind(object.spec?.paramKind), age(object, nowMs),
  ]),
  'admissionregistration.v1.MutatingAdmissionPolicy': printer<MutatingAdmissionPolicy>('Name=name Mutations:integer ParamKind Age', (object, nowMs) => [
    nameOf(object), (object.spec?.mutations ?? []).length, paramKind(object.spec?.paramKind), age(object, nowMs),
  ]),
  'admissionregistration.v1.ValidatingAdmissionPolicyBinding': policyBinding,
  'admissionregistration.v1.MutatingAdmissionPolicyBinding': policyBinding,
  'certificates.v1.CertificateSigningRequest': printer<CertificateSigningRequest>('Name=name Age SignerName Requestor RequestedDuration Condition', (object, nowMs) => {
    const seconds = object.spec?.expirationSeconds;
    const duration = typeof seconds === 'number' ? humanDuration(seconds * 1000) : '<none>';
    return [nameOf(object), age(object, nowMs), object.spec?.signerName || '<none>', object.spec?.username ?? '', duration, requestStatus(object)];
  }),
  'flowcontrol.v1.FlowSchema': printer<FlowSchema>('Name=name PriorityLevel MatchingPrecedence DistinguisherMethod Age MissingPL', (object, nowMs) => [
    nameOf(object), object.spec?.priorityLevelConfiguration?.name ?? '', object.spec?.matchingPrecedence ?? 0, object.spec?.distinguisherMethod?.type ?? '<none>', age(object, nowMs),
    object.status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
  ], inMatchingOrder),
  'flowcontrol.v1.PriorityLevelConfiguration': printer<PriorityLevelConfiguration>(
    'Name=name Type NominalConcurrencyShares Queues HandSize QueueLengthLimit Age', levelCells,
  ),
  'apiregistration.v1.APIService': printer<APIService>('Name=name Service Available Age', (object, nowMs) => {
    const service = object.spec?.service;
    return [nameOf(object), service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local', availability(object), age(object, nowMs)];
  }),
  'meta.v1.Status': printer<Status>('Status Reason Message', ({ status = '', reason = '', message = '' }) => [status, reason, message]),
};
