// What is said about webhook configurations, policies and bindings that cannot be right.
import { describe, expect, test } from 'vitest';
import { errorText } from '../../field-errors.ts';
import { admissionRegistration } from './index.ts';

const prefix = 'admissionregistration.v1.';

function told(kind: string, object: object, old?: object): string[] {
  const validator = admissionRegistration[prefix + kind];
  if (validator === undefined) throw new Error(`no rules for ${kind}`);
  const named = { metadata: { name: 'x' }, ...object };
  const errors = old === undefined ? validator.create(named) : validator.update({ ...named, metadata: { name: 'x', resourceVersion: '1' } }, { metadata: { name: 'x', resourceVersion: '1' }, ...old });
  return errors.map(errorText);
}

const rule = { operations: ['CREATE'], apiGroups: ['a'], apiVersions: ['v1'], resources: ['b'] };
const matchConstraints = { matchPolicy: 'Exact', namespaceSelector: {}, objectSelector: {}, resourceRules: [rule] };
const policy = (more: object): object => ({ spec: { failurePolicy: 'Fail', matchConstraints, validations: [{ expression: 'true' }], ...more } });
const mutation = (more: object): object => ({ spec: { failurePolicy: 'Fail', reinvocationPolicy: 'Never', matchConstraints, ...more } });
const webhook = { name: 'webhook.k8s.io', clientConfig: { url: 'https://example.com' }, sideEffects: 'None', admissionReviewVersions: ['v1'] };
const hooks = (...more: object[]): object => ({ webhooks: more.map((each) => ({ ...webhook, ...each })) });

describe('webhooks', () => {
  test.each<[object[], string[]]>([
    [[{}], []],
    [[{ name: '' }], ['webhooks[0].name: Required value']],
    [[{ name: 'k8s.io' }], ['webhooks[0].name: Invalid value: "k8s.io": should be a domain with at least three segments separated by dots']],
    [[{}, {}], ['webhooks[1].name: Duplicate value: "webhook.k8s.io"']],
    [[{ sideEffects: 'Some' }], ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"']],
    [[{ timeoutSeconds: 31 }], ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds']],
    [[{ admissionReviewVersions: ['v0'] }], ['webhooks[0].admissionReviewVersions: Invalid value: ["v0"]: must include at least one of v1, v1beta1']],
    [[{ clientConfig: {} }], ['webhooks[0].clientConfig: Required value: exactly one of url or service is required']],
    [[{ clientConfig: { url: 'http://u@example.com?q=1#f' } }], [
      `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      'webhooks[0].clientConfig.url: Invalid value: "u": user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "f": fragments are not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "q=1": query parameters are not permitted in the URL',
    ]],
    [[{ clientConfig: { service: { name: 'n', namespace: 'ns', path: 'foo/', port: 443 } } }], [`webhooks[0].clientConfig.service.path: Invalid value: "foo/": must start with a '/'`]],
    [[{ rules: [{ ...rule, operations: ['CREATE', '*'] }] }], [`webhooks[0].rules[0].operations: Invalid value: ["CREATE","*"]: if '*' is present, must not specify other operations`]],
    [[{ rules: [{ ...rule, resources: ['*/*', 'a'] }] }], [`webhooks[0].rules[0].resources: Invalid value: ["*/*","a"]: if '*/*' is present, must not specify other resources`]],
    [[{ rules: [{ ...rule, resources: ['a/*', 'a/x'] }] }], [`webhooks[0].rules[0].resources[1]: Invalid value: "a/x": if 'a/*' is present, must not specify a/x`]],
    [[{ matchConditions: [{ name: 'a', expression: '1' }] }], ['webhooks[0].matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int']],
    [[{ matchConditions: [{ name: 'a', expression: 'params.x' }] }], [expect.stringContaining(`compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')`) as unknown as string]],
  ])('%j', (given, expected) => expect(told('ValidatingWebhookConfiguration', hooks(...given))).toEqual(expected));

  test('what was let in before stays updatable', () => {
    const old = hooks({ sideEffects: 'Unknown', admissionReviewVersions: ['v0'] });
    expect(told('MutatingWebhookConfiguration', hooks({ sideEffects: 'Some', admissionReviewVersions: ['v0', 'v2'] }), old)).toEqual([]);
  });
});

describe('validating policies', () => {
  test.each<[object, string[]]>([
    [policy({}), []],
    [policy({ failurePolicy: 'other' }), ['spec.failurePolicy: Unsupported value: "other": supported values: "Fail", "Ignore"']],
    [policy({ validations: [] }), [
      'spec.validations: Required value: validations or auditAnnotations must contain at least one item', 'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
    ]],
    [policy({ matchConstraints: { ...matchConstraints, resourceRules: [] } }), ['spec.matchConstraints.resourceRules: Required value']],
    [policy({ paramKind: { apiVersion: 'a/b/c', kind: 'Kind' } }), ['spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c']],
    [policy({ validations: [{ expression: 'object.x in [1, 2, ' }] }), [expect.stringMatching(/^spec\.validations\[0\]\.expression: Invalid value: "object\.x in \[1, 2, ": compilation failed: ERROR: <input>:1:20: Syntax error/) as unknown as string]],
    [policy({ validations: [{ expression: 'true', message: 'a\nb' }] }), ['spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks']],
    [policy({ validations: [{ expression: 'true', messageExpression: '1' }] }), ['spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int']],
    [policy({ validations: [{ expression: 'true', messageExpression: `string(authorizer.path('/x').check('get').allowed())` }] }), [expect.stringContaining(`undeclared reference to 'authorizer'`) as unknown as string]],
    [policy({ validations: [{ expression: 'true', reason: 'other' }] }), ['spec.validations[0].reason: Unsupported value: "other": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"']],
    [policy({ auditAnnotations: [{ key: 'k', valueExpression: 'true' }] }), ['spec.auditAnnotations[0].valueExpression: Invalid value: "true": must evaluate to one of [string null_type] but got bool']],
    [policy({ auditAnnotations: [{ key: 'k', valueExpression: `'a'` }, { key: 'k', valueExpression: `'b'` }] }), ['spec.auditAnnotations[1].key: Duplicate value: "k"']],
    [policy({ variables: [{ name: '4', expression: '1' }] }), ['spec.variables[0].name: Invalid value: "4": must be a valid CEL identifier']],
    [policy({ variables: [{ name: 'a', expression: 'variables.b' }, { name: 'b', expression: '1' }] }), [expect.stringContaining(`undefined field 'b'`) as unknown as string]],
    [policy({ variables: [{ name: 'a', expression: '1 + 1' }], validations: [{ expression: `variables.a == 'x'` }] }), [expect.stringContaining(`found no matching overload for '_==_' applied to '(int, string)'`) as unknown as string]],
  ])('%j', (given, expected) => expect(told('ValidatingAdmissionPolicy', given)).toEqual(expected));
});

describe('mutating policies', () => {
  const apply = (expression: string): object => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
  test.each<[object, string[]]>([
    [mutation({ mutations: [apply('Object{spec: Object.spec{replicas: 1}}')] }), []],
    [mutation({ mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: `[JSONPatch{op: "add", path: "/x", value: 1}]` } }] }), []],
    [mutation({ mutations: [] }), ['spec.mutations: Required value: mutations must contain at least one item']],
    [mutation({ mutations: [apply('object')] }), ['spec.mutations[0].applyConfiguration.expression: Invalid value: "object": must evaluate to Object but got dyn']],
    [mutation({ mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }] }), [
      'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
      'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
    ]],
    [mutation({ mutations: [apply('Object{}')], matchConstraints: { ...matchConstraints, resourceRules: [{ ...rule, operations: ['DELETE'] }] } }), [
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ]],
  ])('%j', (given, expected) => expect(told('MutatingAdmissionPolicy', given)).toEqual(expected));
});

describe('bindings', () => {
  const binding = (more: object): object => ({ spec: { policyName: 'p', validationActions: ['Deny'], ...more } });
  test.each<[object, string[]]>([
    [binding({}), []],
    [binding({ policyName: '' }), ['spec.policyName: Required value']],
    [binding({ validationActions: ['Deny', 'Warn'] }), [
      'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ]],
    [binding({ validationActions: [] }), ['spec.validationActions: Required value: at least one validation action is required']],
    [binding({ paramRef: { parameterNotFoundAction: 'Deny' } }), ['spec.paramRef: Required value: one of name or selector must be specified']],
    [binding({ paramRef: { name: 'a', selector: {}, parameterNotFoundAction: 'Deny' } }), [
      'spec.paramRef.name: Forbidden: name and selector are mutually exclusive', 'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
    ]],
  ])('%j', (given, expected) => expect(told('ValidatingAdmissionPolicyBinding', given)).toEqual(expected));
});
