// The review resources of authorization.k8s.io: questions about permissions, answered by the server's own
// authorizer and never stored. `kubectl auth can-i` and `kubectl auth can-i --list` ask them.
import type { LocalSubjectAccessReview, ResourceRule, NonResourceRule, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview, SubjectAccessReviewSpec } from '#api/authorization/v1.ts';
import type { PolicyRule } from '#api/rbac/v1.ts';
import { badRequest, invalid, type FieldError } from '#machinery';
import type { Attributes, Authorizer, Identity, KubeObject } from '../contract.ts';

const group = 'authorization.k8s.io';

type Questions = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

function attributesOf(user: Identity, spec: Questions): Attributes {
  const resource = spec.resourceAttributes;
  return {
    user,
    isResourceRequest: resource !== undefined,
    verb: resource?.verb ?? spec.nonResourceAttributes?.verb ?? '',
    path: spec.nonResourceAttributes?.path ?? '',
    apiGroup: resource?.group ?? '',
    apiVersion: resource?.version ?? '*',
    namespace: resource?.namespace ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    name: resource?.name ?? '',
    fieldSelector: resource?.fieldSelector?.rawSelector,
    labelSelector: resource?.labelSelector?.rawSelector,
  };
}

function checkQuestions(spec: Questions): FieldError[] {
  if (spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined) {
    return [{ type: 'Invalid', field: 'spec.nonResourceAttributes', badValue: spec.nonResourceAttributes, detail: 'cannot be specified in combination with resourceAttributes' }];
  }
  if (spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined) {
    return [{ type: 'Invalid', field: 'spec.resourceAttributes', badValue: spec.nonResourceAttributes ?? null, detail: `exactly one of nonResourceAttributes or resourceAttributes must be specified` }];
  }
  return [];
}

async function answer(authorizer: Authorizer, attributes: Attributes): Promise<{ allowed: boolean; denied?: boolean; reason?: string }> {
  const verdict = await authorizer.authorize(attributes);
  return {
    allowed: verdict.decision === 'allow',
    ...(verdict.decision === 'deny' ? { denied: true } : {}),
    ...(verdict.reason === '' ? {} : { reason: verdict.reason }),
  };
}

export interface AccessReviews {
  subjectAccessReview(object: KubeObject): Promise<KubeObject>;
  localSubjectAccessReview(object: KubeObject, namespace: string): Promise<KubeObject>;
  selfSubjectAccessReview(object: KubeObject, user: Identity): Promise<KubeObject>;
  selfSubjectRulesReview(object: KubeObject, user: Identity): Promise<KubeObject>;
}

function identityOf(spec: SubjectAccessReviewSpec): Identity {
  return { name: spec.user ?? '', groups: spec.groups ?? [], ...(spec.uid === undefined ? {} : { uid: spec.uid }), ...(spec.extra === undefined ? {} : { extra: spec.extra }) };
}

function checkSubject(kind: string, spec: SubjectAccessReviewSpec): void {
  const errors = checkQuestions(spec);
  if ((spec.user ?? '') === '' && (spec.groups ?? []).length === 0) {
    errors.push({ type: 'Invalid', field: 'spec.user', badValue: spec.user ?? '', detail: 'at least one of user or group must be specified' });
  }
  if (errors.length > 0) throw invalid({ group, kind }, '', errors);
}

/** @param rulesFor all rules a user has in a namespace, for SelfSubjectRulesReview. */
export function createAccessReviews(authorizer: Authorizer, rulesFor: (user: Identity, namespace: string) => readonly PolicyRule[]): AccessReviews {
  return {
    async subjectAccessReview(object) {
      const review = object as SubjectAccessReview & KubeObject;
      const spec = review.spec ?? {};
      checkSubject('SubjectAccessReview', spec);
      return { ...review, status: await answer(authorizer, attributesOf(identityOf(spec), spec)) };
    },
    async localSubjectAccessReview(object, namespace) {
      const review = object as LocalSubjectAccessReview & KubeObject;
      const spec = review.spec ?? {};
      checkSubject('LocalSubjectAccessReview', spec);
      if (spec.nonResourceAttributes !== undefined) {
        throw invalid({ group, kind: 'LocalSubjectAccessReview' }, '', [{ type: 'Invalid', field: 'spec.nonResourceAttributes', badValue: spec.nonResourceAttributes, detail: 'disallowed on this kind of request' }]);
      }
      if (spec.resourceAttributes?.namespace !== namespace) throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
      return { ...review, status: await answer(authorizer, attributesOf(identityOf(spec), spec)) };
    },
    async selfSubjectAccessReview(object, user) {
      const review = object as SelfSubjectAccessReview & KubeObject;
      const spec = review.spec ?? {};
      const errors = checkQuestions(spec);
      if (errors.length > 0) throw invalid({ group, kind: 'SelfSubjectAccessReview' }, '', errors);
      return { ...review, status: await answer(authorizer, attributesOf(user, spec)) };
    },
    async selfSubjectRulesReview(object, user) {
      const review = object as SelfSubjectRulesReview & KubeObject;
      const namespace = review.spec?.namespace ?? '';
      if (namespace === '') throw badRequest('no namespace on request');
      const resourceRules: ResourceRule[] = [];
      const nonResourceRules: NonResourceRule[] = [];
      for (const rule of rulesFor(user, namespace)) {
        if ((rule.resources ?? []).length > 0) {
          resourceRules.push({ verbs: rule.verbs, apiGroups: rule.apiGroups ?? [], resources: rule.resources ?? [], ...(rule.resourceNames === undefined ? {} : { resourceNames: rule.resourceNames }) });
        }
        if ((rule.nonResourceURLs ?? []).length > 0) nonResourceRules.push({ verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs ?? [] });
      }
      return { ...review, status: { resourceRules, nonResourceRules, incomplete: false } };
    },
  };
}
