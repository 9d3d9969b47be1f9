// Defaults of admissionregistration.k8s.io/v1 (pkg/apis/admissionregistration/v1/defaults.go).
import type {
  MatchResources, MutatingAdmissionPolicySpec, MutatingWebhook, NamedRuleWithOperations, RuleWithOperations, ServiceReference, ValidatingAdmissionPolicySpec, ValidatingWebhook,
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
  'admissionregistration.v1.MatchResources': hook<MatchResources>((match) => {
    match.matchPolicy ??= 'Equivalent';
    match.namespaceSelector ??= {};
    match.objectSelector ??= {};
  }),
};
