// AdmissionReview, the question to a webhook and its answer (v1 and v1beta1): what is asked, which answers count,
// and the error that a refusal becomes.
import type { AdmissionResponse, AdmissionReview } from '#api/admission/v1.ts';
import type { Status } from '#api/meta/v1.ts';
import { badRequest, decodePatched, goQuote, isObject, StatusError, type KubeObject } from '#machinery';
import type { AdmissionRequest } from '../contract.ts';
import { kindOf, resourceOf, type Match } from './matching.ts';

export interface ReviewInput {
  readonly uid: string;
  readonly request: AdmissionRequest;
  readonly match: Match;
  /** In the version that matched. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

export type ReviewVersion = 'v1' | 'v1beta1';

/** The first version of the webhook's list that the server speaks. Throws when there is none. */
export function reviewVersion(offered: readonly string[] | undefined): ReviewVersion {
  const found = offered?.find((version) => version === 'v1' || version === 'v1beta1');
  if (found === 'v1' || found === 'v1beta1') return found;
  throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
}

export function admissionReview(version: ReviewVersion, { uid, request, match, object, oldObject }: ReviewInput): object {
  const { user, resource, subresource } = request;
  const options = Object.keys(request.options).length === 0 ? null : request.options;
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      kind: match.kind,
      resource: match.resource,
      ...(subresource === '' ? {} : { subResource: subresource }),
      requestKind: kindOf(resource, subresource),
      requestResource: resourceOf(request),
      ...(subresource === '' ? {} : { requestSubResource: subresource }),
      ...(request.name === '' ? {} : { name: request.name }),
      ...(request.namespace === '' ? {} : { namespace: request.namespace }),
      operation: request.operation,
      userInfo: {
        ...(user.name === '' ? {} : { username: user.name }),
        ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
        ...(user.groups.length === 0 ? {} : { groups: user.groups }),
        ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
      },
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun: request.dryRun,
      options,
    },
  };
}

export interface Verdict {
  readonly allowed: boolean;
  /** Base64 of a JSON patch; '' without one. */
  readonly patch: string;
  readonly patchType: string;
  readonly status: Status | undefined;
  readonly auditAnnotations: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

function checkPatch(response: AdmissionResponse, mutating: boolean): void {
  const hasPatch = (response.patch ?? '') !== '';
  if (!mutating) {
    if (hasPatch) throw new Error('validating webhook may not return response.patch');
    if (response.patchType !== undefined) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (hasPatch && response.patchType === undefined) throw new Error('webhook returned response.patch but not response.patchType');
  if (!hasPatch && response.patchType !== undefined) throw new Error('webhook returned response.patchType but not response.patch');
  if (response.patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
}

/** Throws what is wrong with the answer. */
export function verdictOf(version: ReviewVersion, uid: string, mutating: boolean, answer: unknown): Verdict {
  if (!isObject(answer)) throw new Error('webhook response was absent');
  const { kind = '', apiVersion = '' } = answer;
  const review = decodePatched('admission.v1.AdmissionReview', answer).object as KubeObject & AdmissionReview;
  const { response } = review;
  if (response === undefined) throw new Error('webhook response was absent');
  if (version === 'v1') {
    if (response.uid !== uid) throw new Error(`expected response.uid=${goQuote(uid)}, got ${goQuote(response.uid ?? '')}`);
    if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1') {
      const text = String(apiVersion).includes('/') ? String(apiVersion) : `/${String(apiVersion)}`;
      throw new Error(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${text}, Kind=${String(kind)}`);
    }
    checkPatch(response, mutating);
  }
  const patch = mutating ? (response.patch ?? '') : '';
  return {
    allowed: response.allowed === true,
    patch,
    // The older version never said which type a patch has: there is one.
    patchType: version === 'v1' ? (response.patchType ?? '') : patch === '' ? '' : 'JSONPatch',
    status: response.status,
    auditAnnotations: response.auditAnnotations ?? {},
    warnings: response.warnings ?? [],
  };
}

/** What the client is told when a webhook says no: always a failure, always an error code. */
export function denial(webhook: string, result: Status | undefined): StatusError {
  const deniedBy = `admission webhook ${goQuote(webhook)} denied the request`;
  const { message = '', reason = '', code = 0, status = '' } = result ?? {};
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    ...result,
    status: status === '' || status === 'Success' ? 'Failure' : status,
    code: code < 400 ? 400 : code,
    message: message !== '' ? `${deniedBy}: ${message}` : reason !== '' ? `${deniedBy}: ${reason}` : `${deniedBy} without explanation`,
  });
}

export function dryRunUnsupported(webhook: string): StatusError {
  return badRequest(`admission webhook ${goQuote(webhook)} does not support dry run`);
}
