// Authorizers that files configure: ABAC's policies, webhooks with their memory and conditions, the configuration's
// errors; and what access reviews say of all of them.
import { describe, expect, test } from 'vitest';
import { testWorld } from '../test-server.case.ts';
import { decodeConfiguration } from '../configuration/decode-file.ts';
import type { Attributes, Identity, KubeObject } from '../contract.ts';
import { compileAuthorization } from './configuration.ts';
import { createAbacAuthorizer, createAccessReviews, createWebhookAuthorizer, readPolicies, unionAuthorizer, type RuleSource } from './index.ts';

const jane: Identity = { name: 'jane', groups: ['dev'] };
const ask = (more: Partial<Attributes> = {}): Attributes => ({ user: jane, verb: 'get', resource: 'pods', isResourceRequest: true, path: '', apiGroup: '', apiVersion: 'v1', namespace: 'x', subresource: '', name: 'p', ...more });
const policy = (spec: object): string => JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec });

describe('ABAC', () => {
  const decide = (lines: string, more: Partial<Attributes> = {}): unknown => createAbacAuthorizer(readPolicies('p', lines)).authorize(ask(more));
  const allow = { decision: 'allow', reason: '' };
  const none = { decision: 'none', reason: 'No policy matched.' };
  test.each<[string, string, Partial<Attributes>, object]>([
    ['a user in a namespace', policy({ user: 'jane', namespace: 'x', resource: 'pods' }), {}, allow],
    ['not in another', policy({ user: 'jane', namespace: 'y', resource: 'pods' }), {}, none],
    ['a group', policy({ group: 'dev', namespace: '*', resource: '*', apiGroup: '*' }), {}, allow],
    ['user and group must both fit', policy({ user: 'joe', group: 'dev', namespace: '*', resource: '*' }), {}, none],
    ['reading only', policy({ user: 'jane', namespace: '*', resource: '*', readonly: true }), { verb: 'create' }, none],
    ['a path', policy({ user: 'jane', nonResourcePath: '/logs/*' }), { isResourceRequest: false, path: '/logs/a' }, allow],
    ['nobody named is nobody', policy({ namespace: '*', resource: '*' }), {}, none],
    ['everybody is who is known', policy({ user: '*', namespace: '*', resource: '*' }), { user: { name: 'joe', groups: ['system:unauthenticated'] } }, none],
    ['the first format is wider', '{"user":"jane"}', { apiGroup: 'apps' }, allow],
    ['comments and empty lines', `# a\n\n${policy({ user: 'jane', namespace: '*', resource: '*' })}`, {}, allow],
  ])('%s', (_name, lines, more, verdict) => expect(decide(lines, more)).toEqual(verdict));
  test('a bad line is named', () => {
    expect(() => readPolicies('/p', '\n{')).toThrow('error reading policy file /p, line 2: {: ');
  });
});

describe('a webhook', () => {
  function hook(status: object | Error, more: object = {}) {
    const asked: unknown[] = [];
    const authorizer = createWebhookAuthorizer(testWorld(), { post: async (review) => { asked.push(review); if (status instanceof Error) throw status; return { status }; }, isTransient: () => false }, { name: 'w', version: 'v1', authorizedMs: 60_000, unauthorizedMs: 0, onError: 'none', ...more });
    return { asked, authorizer };
  }
  test('is asked with the whole question, selectors too, and remembered', async () => {
    const { asked, authorizer } = hook({ allowed: true, reason: 'why not' });
    const question = ask({ verb: 'list', name: '', labelSelector: 'a=b', fieldSelector: 'spec.nodeName!=n' });
    expect(await authorizer.authorize(question)).toEqual({ decision: 'allow', reason: 'why not' });
    await authorizer.authorize(question);
    expect(asked).toEqual([{
      kind: 'SubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {},
      spec: {
        user: 'jane', groups: ['dev'],
        resourceAttributes: { namespace: 'x', verb: 'list', version: 'v1', resource: 'pods', fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'NotIn', values: ['n'] }] }, labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] } },
      },
    }]);
  });
  test('is left alone when the request that asks is over', async () => {
    const world = testWorld();
    const over = new AbortController();
    const authorizer = createWebhookAuthorizer(world, { post: (_review, call) => new Promise((_, reject) => call?.signal?.addEventListener('abort', () => reject(new Error('context canceled')))), isTransient: () => true }, { name: 'w', version: 'v1', authorizedMs: 1, unauthorizedMs: 1, onError: 'none' });
    const verdict = authorizer.authorize(ask({ within: over }));
    await Promise.resolve();
    over.abort(new Error('over'));
    expect(await verdict).toEqual({ decision: 'none', reason: '', error: 'context canceled' });
    const told = await world.metrics.text();
    expect(told).toContain('apiserver_authorization_webhook_evaluations_total{name="w",result="canceled"} 1');
    expect(told).not.toContain('fail_open_total{');
  });
  test.each<[object | Error, object, object]>([
    [{ allowed: false, denied: true, reason: 'no' }, {}, { decision: 'deny', reason: 'no' }],
    [{ allowed: false }, {}, { decision: 'none', reason: '' }],
    [{ allowed: true, denied: true }, {}, { decision: 'deny', error: 'webhook subject access review returned both allow and deny response' }],
    [new Error('away'), {}, { decision: 'none', error: 'away' }],
    [new Error('away'), { onError: 'deny' }, { decision: 'deny', error: 'away' }],
    [{ allowed: true }, { matches: () => false }, { decision: 'none', reason: '' }],
    [{ allowed: true }, { onError: 'deny', matches: () => { throw new Error('odd'); } }, { decision: 'deny', error: 'odd' }],
  ])('%o with %o is %o', async (status, more, verdict) => {
    expect(await hook(status, more).authorizer.authorize(ask())).toMatchObject(verdict);
  });
});

describe('the configuration', () => {
  const file = (...authorizers: object[]): string => JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers });
  const webhook = { authorizedTTL: '5m', unauthorizedTTL: '30s', timeout: '3s', subjectAccessReviewVersion: 'v1', failurePolicy: 'Deny', connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: import.meta.filename } };
  const compile = (...authorizers: object[]) => compileAuthorization(decodeConfiguration(file(...authorizers), 'AuthorizationConfiguration', ['v1']) as object);
  test('gives the row in its order, conditions compiled', async () => {
    const row = compile({ type: 'Webhook', name: 'w', webhook: { ...webhook, matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: "has(request.resourceAttributes) && request.resourceAttributes.namespace == 'x'" }] } }, { type: 'Node', name: 'node' }, { type: 'RBAC', name: 'rbac' });
    expect(row.map(({ type }) => type)).toEqual(['Webhook', 'Node', 'RBAC']);
    const settings = row[0]?.webhook?.settings;
    expect(settings).toMatchObject({ authorizedMs: 300_000, onError: 'deny' });
    expect(await settings?.matches?.({ user: 'jane', resourceAttributes: { namespace: 'x' } })).toBe(true);
    expect(await settings?.matches?.({ user: 'jane', nonResourceAttributes: { path: '/' } })).toBe(false);
  });
  test.each<[object[], RegExp]>([
    [[], /authorizers: Required value: at least one authorization mode must be defined/],
    [[{ type: 'Magic', name: 'm' }], /authorizers\[0\]\.type: Unsupported value: "Magic": supported values: "ABAC", "AlwaysAllow"/],
    [[{ type: 'RBAC', name: 'a' }, { type: 'RBAC', name: 'b' }], /authorizers\[1\]\.type: Duplicate value: "RBAC"/],
    [[{ type: 'RBAC', name: 'A_' }], /authorizer name is invalid: a lowercase RFC 1123 subdomain/],
    [[{ type: 'Webhook', name: 'w' }], /authorizers\[0\]\.webhook: Required value: required when type=Webhook/],
    [[{ type: 'RBAC', name: 'r', webhook }], /may only be specified when type=Webhook/],
    [[{ type: 'Webhook', name: 'w', webhook: { ...webhook, timeout: '31s' } }], /authorizers\[0\]\.timeout: Invalid value: "31s": must be > 0s and <= 30s/],
    [[{ type: 'Webhook', name: 'w', webhook: { ...webhook, connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'x' } } }], /kubeConfigFile: Invalid value: "x": must be an absolute path/],
    [[{ type: 'Webhook', name: 'w', webhook: { ...webhook, matchConditions: [{ expression: 'request.nothing' }] } }], /matchConditions\[0\]\.expression: Invalid value: "request\.nothing": compilation failed.*undefined field 'nothing'/s],
  ])('%o is refused', (authorizers, text) => {
    expect(() => compile(...authorizers)).toThrow(text);
  });
  test('a field that does not exist is refused', () => {
    expect(() => decodeConfiguration('{"apiVersion":"apiserver.config.k8s.io/v1","kind":"AuthorizationConfiguration","authorisers":[]}', 'AuthorizationConfiguration', ['v1'])).toThrow(/unknown field "authorisers"/);
  });
});

describe('access reviews', () => {
  const verdict: RuleSource = { name: 'x', authorize: (a) => ({ decision: a.fieldTerms?.length === 1 ? 'allow' : 'none', reason: '', error: 'odd' }), knownRules: () => ({ resourceRules: [], nonResourceRules: [], incomplete: true, error: 'cannot list' }) };
  const reviews = createAccessReviews(unionAuthorizer([verdict]));
  const review = async (resourceAttributes: object, more: object = {}): Promise<unknown> => (await reviews.subjectAccessReview({ spec: { user: 'jane', resourceAttributes, ...more } } as KubeObject)).status;
  test('tell errors, and what of selectors was ignored', async () => {
    expect(await review({ fieldSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }, { key: 'c', operator: 'Exists' }] } })).toEqual({ allowed: true, evaluationError: 'odd; spec.resourceAttributes.fieldSelector partially ignored due to parse error' });
    expect(await review({ labelSelector: { rawSelector: '(' } })).toEqual({ allowed: false, evaluationError: 'odd; spec.resourceAttributes.labelSelector ignored due to parse error' });
  });
  test.each([
    [{ labelSelector: { rawSelector: Array.from({ length: 50_000 }, (_, i) => `k${i}=v`).join() } }, { allowed: false, evaluationError: 'odd' }],
    [{ fieldSelector: { rawSelector: `${Array.from({ length: 50_000 }, (_, i) => `k${i}=v`).join()},x` } }, { allowed: false, evaluationError: 'odd; spec.resourceAttributes.fieldSelector ignored due to parse error' }],
  ])('give way while a selector as long as a body is read', async (resourceAttributes, status) => {
    let turns = 0;
    let going = true;
    const count = (): void => {
      turns++;
      if (going) setImmediate(count);
    };
    setImmediate(count);
    expect(await review(resourceAttributes)).toEqual(status);
    going = false;
    expect(turns).toBeGreaterThan(10);
  });
  test('tell as many errors as are told, of thousands of requirements', async () => {
    await expect(review({ labelSelector: { requirements: Array.from({ length: 50_000 }, () => ({})) } })).rejects.toThrow(/^SubjectAccessReview\.authorization\.k8s\.io "" is invalid: \[spec\.resourceAttributes\.labelSelector\.requirements\[0\]\.key: Invalid value: "": name part must be non-empty, [^]{0,1000000}$/);
  });
  test('tell which rules cannot be listed', () => {
    expect(reviews.selfSubjectRulesReview({ spec: { namespace: 'x' } } as KubeObject, jane).status).toEqual({ resourceRules: [], nonResourceRules: [], incomplete: true, evaluationError: 'cannot list' });
  });
  test.each<[object, RegExp]>([
    [{ fieldSelector: {} }, /spec\.resourceAttributes\.fieldSelector\.requirements: Required value: when spec\.resourceAttributes\.fieldSelector is specified, requirements or rawSelector is required/],
    [{ labelSelector: { rawSelector: 'a', requirements: [{ key: 'a', operator: 'Exists' }] } }, /labelSelector\.rawSelector: Invalid value: "a": may not specified at the same time as requirements/],
    [{ labelSelector: { requirements: [{ key: 'a', operator: 'In' }] } }, /labelSelector\.requirements\[0\]\.values: Required value: must be specified when `operator` is 'In' or 'NotIn'/],
  ])('%o is refused', async (resourceAttributes, text) => {
    await expect(review(resourceAttributes)).rejects.toThrow(text);
  });
  test('about nobody, about two things, or with a name of their own are refused', async () => {
    await expect(reviews.subjectAccessReview({ metadata: { name: 'n' }, spec: { resourceAttributes: {}, nonResourceAttributes: {} } } as KubeObject)).rejects.toThrow(/nonResourceAttributes: Invalid value.*at least one of user or group must be specified.*metadata: Invalid value.*must be empty/s);
  });
});
