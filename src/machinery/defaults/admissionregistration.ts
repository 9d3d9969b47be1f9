// Defaults of admissionregistration.k8s.io (pkg/apis/admissionregistration/*/defaults.go). The policies have the same at
// each version, besides that a v1alpha1 binding need not say what a missing parameter means.
import type {
  MatchResources, MutatingAdmissionPolicySpec, MutatingWebhook, NamedRuleWithOperations, ParamRef, RuleWithOperations, ServiceReference, ValidatingAdmissionPolicySpec, ValidatingWebhook,
} from '#api/admissionregistration/v1.ts';
import { hook, type Hooks } from './hook.ts';

function webhookDefaults(webhook: ValidatingWebhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
}

const failurePolicy = hook<ValidatingAdmissionPolicySpec & MutatingAdmissionPolicySpec>((spec) => {
  spec.failurePolicy ??= 'Fail';
});

const matchResources = hook<MatchResources>((match) => {
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
});

const scope = hook<RuleWithOperations & NamedRuleWithOperations>((rule) => {
  rule.scope ??= '*';
});

export const hooks: Hooks = {
  'admissionregistration.v1.ValidatingWebhook': hook(webhookDefaults),
  'admissionregistration.v1.MutatingWebhook': hook<MutatingWebhook>((webhook) => {
    webhookDefaults(webhook);
    webhook.reinvocationPolicy ??= 'Never';
  }),
  'admissionregistration.v1.RuleWithOperations': scope,
  'admissionregistration.v1.NamedRuleWithOperations': scope,
  'admissionregistration.v1.ServiceReference': hook<ServiceReference>((reference) => {
    reference.port ??= 443;
  }),
  'admissionregistration.v1.ValidatingAdmissionPolicySpec': failurePolicy,
  'admissionregistration.v1.MutatingAdmissionPolicySpec': failurePolicy,
  'admissionregistration.v1.MatchResources': matchResources,
  ...Object.fromEntries(
    ['v1alpha1', 'v1beta1'].flatMap((version) => [
      [`admissionregistration.${version}.MutatingAdmissionPolicySpec`, failurePolicy],
      [`admissionregistration.${version}.NamedRuleWithOperations`, scope],
      [`admissionregistration.${version}.MatchResources`, matchResources],
    ]),
  ),
  'admissionregistration.v1alpha1.ParamRef': hook<ParamRef>((reference) => {
    reference.parameterNotFoundAction ??= 'Deny';
  }),
};
