// The review resources of authorization.k8s.io: questions about permissions, answered by the server's own
// authorizer and never stored. `kubectl auth can-i` and `kubectl auth can-i --list` ask them.
import type { LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview, SubjectAccessReviewSpec } from '#api/authorization/v1.ts';
import { badRequest, inSlices, invalid, invalidValue, type FieldError } from '#machinery';
import type { Authorizer, Identity, KubeObject } from '../contract.ts';
import { metadataErrors, questionErrors, questionOf, selectorAttributeErrors, subjectErrors } from './review-spec.ts';
import type { RuleSource } from './rules.ts';

const group = 'authorization.k8s.io';

export interface AccessReviews {
  subjectAccessReview(object: KubeObject): Promise<KubeObject>;
  localSubjectAccessReview(object: KubeObject, namespace: string): Promise<KubeObject>;
  selfSubjectAccessReview(object: KubeObject, user: Identity): Promise<KubeObject>;
  selfSubjectRulesReview(object: KubeObject, user: Identity): KubeObject;
}

function identityOf({ user = '', groups = [], uid, extra }: SubjectAccessReviewSpec): Identity {
  return { name: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
}

function mustBeValid(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group, kind }, '', errors);
}

async function answer(authorizer: Authorizer, user: Identity, spec: SubjectAccessReviewSpec): Promise<Record<string, unknown>> {
  const { attributes, ignored } = await inSlices(questionOf(user, spec));
  const verdict = await authorizer.authorize(attributes);
  const error = [...(verdict.error === undefined ? [] : [verdict.error]), ...ignored].join('; ');
  return {
    allowed: verdict.decision === 'allow',
    ...(verdict.decision === 'deny' ? { denied: true } : {}),
    ...(verdict.reason === '' ? {} : { reason: verdict.reason }),
    ...(error === '' ? {} : { evaluationError: error }),
  };
}

export function createAccessReviews(authorizer: RuleSource): AccessReviews {
  return {
    async subjectAccessReview(object) {
      const review = object as SubjectAccessReview & KubeObject;
      const spec = review.spec ?? {};
      mustBeValid('SubjectAccessReview', [...questionErrors(spec), ...subjectErrors(spec), ...selectorAttributeErrors(spec), ...metadataErrors(object, false)]);
      return { ...review, status: await answer(authorizer, identityOf(spec), spec) };
    },
    async localSubjectAccessReview(object, namespace) {
      const review = object as LocalSubjectAccessReview & KubeObject;
      const spec = review.spec ?? {};
      const errors = [...questionErrors(spec), ...subjectErrors(spec), ...selectorAttributeErrors(spec), ...metadataErrors(object, true)];
      if (spec.resourceAttributes !== undefined && (spec.resourceAttributes.namespace ?? '') !== namespace) {
        errors.push(invalidValue('spec.resourceAttributes.namespace', spec.resourceAttributes.namespace ?? '', 'must match metadata.namespace'));
      }
      if (spec.nonResourceAttributes !== undefined) errors.push(invalidValue('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'));
      mustBeValid('LocalSubjectAccessReview', errors);
      return { ...review, status: await answer(authorizer, identityOf(spec), spec) };
    },
    async selfSubjectAccessReview(object, user) {
      const review = object as SelfSubjectAccessReview & KubeObject;
      const spec = review.spec ?? {};
      mustBeValid('SelfSubjectAccessReview', [...questionErrors(spec), ...selectorAttributeErrors(spec), ...metadataErrors(object, false)]);
      return { ...review, status: await answer(authorizer, user, spec) };
    },
    selfSubjectRulesReview(object, user) {
      const namespace = (object as SelfSubjectRulesReview & KubeObject).spec?.namespace ?? '';
      if (namespace === '') throw badRequest('no namespace on request');
      const { resourceRules, nonResourceRules, incomplete, error } = authorizer.knownRules(user, namespace);
      return { ...object, metadata: {}, spec: {}, status: { resourceRules, nonResourceRules, incomplete, ...(error === undefined ? {} : { evaluationError: error }) } };
    },
  };
}
