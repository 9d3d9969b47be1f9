// Door of admissionregistration: the rows of the validation table for the whole group. The preview versions have v1's
// shape and rules.
import type { Validator } from '../validator.ts';
import { mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding } from './mutating-policy.ts';
import { validatingAdmissionPolicy, validatingAdmissionPolicyBinding } from './validating-policy.ts';
import { mutatingWebhookConfiguration, validatingWebhookConfiguration } from './webhooks.ts';

export const admissionRegistration: Readonly<Record<string, Validator>> = {
  'admissionregistration.v1.MutatingAdmissionPolicy': mutatingAdmissionPolicy,
  'admissionregistration.v1.MutatingAdmissionPolicyBinding': mutatingAdmissionPolicyBinding,
  'admissionregistration.v1.MutatingWebhookConfiguration': mutatingWebhookConfiguration,
  'admissionregistration.v1.ValidatingAdmissionPolicy': validatingAdmissionPolicy,
  'admissionregistration.v1.ValidatingAdmissionPolicyBinding': validatingAdmissionPolicyBinding,
  'admissionregistration.v1.ValidatingWebhookConfiguration': validatingWebhookConfiguration,
  'admissionregistration.v1beta1.MutatingAdmissionPolicy': mutatingAdmissionPolicy,
  'admissionregistration.v1beta1.MutatingAdmissionPolicyBinding': mutatingAdmissionPolicyBinding,
  'admissionregistration.v1alpha1.MutatingAdmissionPolicy': mutatingAdmissionPolicy,
  'admissionregistration.v1alpha1.MutatingAdmissionPolicyBinding': mutatingAdmissionPolicyBinding,
};
