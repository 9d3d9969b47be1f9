// What the expressions of policies and match conditions see of a request: its variables as plain JSON, and the
// authorizer asked in the requester's name (upstream's pkg/admission/plugin/cel/activation.go).
import { errorText } from '#base/errors.ts';
import { cel } from '#machinery';
import type { AdmissionRequest, Authorizer, KubeObject } from '../contract.ts';
import { kindOf, resourceOf, type GroupVersionKind, type GroupVersionResource } from '../webhooks/index.ts';

export interface InputParts {
  readonly request: AdmissionRequest;
  /** As whoever matched sees it. */
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly namespace?: KubeObject;
  readonly params?: KubeObject;
  /** Absent: no authorizer. */
  readonly access?: AccessValues;
}

export type AccessValues = ReturnType<typeof cel.authorizerValues>;

/** The authorizer as seen by the expressions on one request; every question is asked once per request. */
export function accessOf(request: AdmissionRequest, authorizer: Authorizer): AccessValues {
  const { user, resource, subresource, namespace, name } = request;
  const ask: cel.AccessPort = (question) => {
    try {
      const verdict = authorizer.authorize(question);
      return verdict instanceof Promise ? verdict.then(decision, failure) : decision(verdict);
    } catch (error) {
      return failure(error);
    }
  };
  return cel.authorizerValues(user, ask, { apiGroup: resource.group, resource: resource.plural, subresource, namespace, name });
}

function decision(verdict: Awaited<ReturnType<Authorizer['authorize']>>): cel.AccessDecision {
  return { allowed: verdict.decision === 'allow', reason: verdict.reason, ...(verdict.error === undefined ? {} : { error: verdict.error }) };
}

function failure(error: unknown): cel.AccessDecision {
  return { allowed: false, reason: '', error: errorText(error) };
}

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: '' };

/** The request as AdmissionReview has it, without its objects. */
function requestValue({ request, kind, resource }: InputParts): Record<string, unknown> {
  const { user, subresource, namespace, operation } = request;
  const optional = { ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }), ...(namespace === '' ? {} : { namespace }) };
  const optionsKind = optionKinds[operation];
  return {
    uid: '',
    kind,
    resource,
    requestKind: kindOf(request.resource, subresource),
    requestResource: resourceOf(request),
    ...optional,
    ...(request.name === '' ? {} : { name: request.name }),
    operation,
    userInfo: {
      ...(user.name === '' ? {} : { username: user.name }), ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
      ...(user.groups.length === 0 ? {} : { groups: user.groups }), ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
    },
    dryRun: request.dryRun,
    options: optionsKind === '' ? null : { kind: optionsKind, apiVersion: 'meta.k8s.io/v1', ...request.options },
  };
}

const namespaceFields = [
  'name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'labels', 'annotations', 'finalizers',
] as const;

/** What expressions may know of a namespace. */
function namespaceValue(namespace: KubeObject | undefined): unknown {
  if (namespace === undefined) return null;
  const { metadata = {} } = namespace;
  const shown = Object.fromEntries(namespaceFields.flatMap((field) => (metadata[field] === undefined ? [] : [[field, metadata[field]]])));
  return { metadata: shown, spec: namespace.spec ?? {}, status: namespace.status ?? {} };
}

/** The variables of one request; each value is made when it is first read. */
export function activationOf(parts: InputParts): cel.Activation {
  const made = new Map<string, cel.CelResult>();
  const sources: Readonly<Record<string, () => unknown>> = {
    object: () => parts.object ?? null,
    oldObject: () => parts.oldObject ?? null,
    params: () => parts.params ?? null,
    request: () => requestValue(parts),
    namespaceObject: () => namespaceValue(parts.namespace),
  };
  return {
    find(name) {
      if (name === 'authorizer') return parts.access?.authorizer;
      if (name === 'authorizer.requestResource') return parts.access?.requestResource;
      if (!Object.hasOwn(sources, name)) return undefined;
      let value = made.get(name);
      if (value === undefined) {
        value = cel.jsonValue(sources[name]?.());
        made.set(name, value);
      }
      return value;
    },
  };
}

