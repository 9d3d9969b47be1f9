// authorizer.group('apps').resource('deployments').check('create').allowed(): questions to the cluster's authorizer
// (upstream's kubernetes.authz since 1.27, selectors since 1.31). Who answers is a port; an answer that is not here
// yet suspends the evaluation and is remembered for when it starts again.
import { Pending, type CelResult, type Estimate, type FunctionDeclaration } from '../contract.ts';
import { fixed, listCreateCost, plus, scaled, stringTraversalFactor, structCreateCost } from '../cost/estimate.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors } from '../../names.ts';
import { boolType, objectType, stringType, type CelType } from '../types/types.ts';
import type { CelOpaque } from '../types/values.ts';
import { actualSize, estimatedSize, unit, type Costs } from './costs.ts';
import { asText, declare, noSuchOverload, of1, of2, of3, opaqueKind } from './declare.ts';

export interface AskingUser {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** One question; for paths the resource's parts are empty. */
export interface AccessQuestion {
  readonly user: AskingUser;
  readonly isResourceRequest: boolean;
  readonly verb: string;
  readonly path: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** The authorizer failed. */
  readonly error?: string;
}

export type AccessPort = (question: AccessQuestion) => AccessDecision | Promise<AccessDecision>;

/** What the request is about, as `authorizer.requestResource` asks. */
export interface RequestedResource {
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

interface Asker {
  readonly user: AskingUser;
  readonly ask: AccessPort;
}

interface PathCheck {
  readonly asker: Asker;
  readonly path: string;
}

interface ResourceCheck extends RequestedResource {
  readonly asker: Asker;
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

const type = (name: string): CelType => objectType(`kubernetes.authorization.${name}`);
export const authorizerType = type('Authorizer');
export const resourceCheckType = type('ResourceCheck');
const [pathCheckType, groupCheckType, decisionType] = [type('PathCheck'), type('GroupCheck'), type('Decision')];
export const authorizationTypes: readonly CelType[] = [authorizerType, pathCheckType, groupCheckType, resourceCheckType, decisionType];

const askers = opaqueKind<Asker>(authorizerType, noSuchOverload);
const paths = opaqueKind<PathCheck>(pathCheckType, noSuchOverload);
const groups = opaqueKind<{ readonly asker: Asker; readonly group: string }>(groupCheckType, noSuchOverload);
const resources = opaqueKind<ResourceCheck>(resourceCheckType, noSuchOverload);
const decisions = opaqueKind<AccessDecision>(decisionType, noSuchOverload);

/** The values of `authorizer` and `authorizer.requestResource` for one request. Each question is asked once. */
export function authorizerValues(user: AskingUser, port: AccessPort, requested: RequestedResource): { readonly authorizer: CelOpaque; readonly requestResource: CelOpaque } {
  const asker: Asker = { user, ask: remembering(port) };
  return { authorizer: askers.wrap(asker), requestResource: resources.wrap({ ...requested, asker, fieldSelector: '', labelSelector: '' }) };
}

function remembering(port: AccessPort): AccessPort {
  const known = new Map<string, AccessDecision | Promise<AccessDecision>>();
  return (question) => {
    const key = JSON.stringify(question);
    const before = known.get(key);
    if (before !== undefined) return before;
    const answer = port(question);
    known.set(key, answer);
    if (answer instanceof Promise) void answer.then((decision) => known.set(key, decision), (error: unknown) => known.set(key, { allowed: false, reason: '', error: String(error) }));
    return answer;
  };
}

function decide(asker: Asker, question: AccessQuestion): CelResult {
  const answer = asker.ask(question);
  if (answer instanceof Promise) throw new Pending(answer.catch(() => undefined));
  return decisions.wrap(answer);
}

const nowhere = { path: '', apiGroup: '', apiVersion: '', resource: '', subresource: '', namespace: '', name: '' };

function checkPath({ asker, path }: PathCheck, verb: string): CelResult {
  return decide(asker, { ...nowhere, user: asker.user, isResourceRequest: false, verb, path });
}

function checkResource({ asker, fieldSelector, labelSelector, ...what }: ResourceCheck, verb: string): CelResult {
  return decide(asker, {
    user: asker.user, isResourceRequest: true, verb, path: '', apiVersion: '*', ...what,
    ...(fieldSelector === '' ? {} : { fieldSelector }), ...(labelSelector === '' ? {} : { labelSelector }),
  });
}

function serviceAccount({ ask }: Asker, namespace: string, name: string): CelResult {
  if (dns1123SubdomainErrors(name).length > 0) throw new Error('Invalid service account name');
  if (dns1123LabelErrors(namespace).length > 0) throw new Error('Invalid service account namespace');
  const user = { name: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] };
  return askers.wrap({ user, ask });
}

function unlessBlank(text: string, what: string): string {
  if (text.trim() === '') throw new Error(`${what} must not be empty`);
  return text;
}

/** A selector is a list of requirements of at least two characters each. */
function selectorCost(length: Estimate): Estimate {
  const requirements = scaled(scaled(length, 0.5), listCreateCost + structCreateCost);
  return plus(plus(fixed(listCreateCost), scaled(length, stringTraversalFactor)), requirements);
}

const selecting: Costs = {
  estimateCost: (estimator, _, [selector]) => (selector === undefined ? undefined : { cost: selectorCost(estimatedSize(estimator, selector)) }),
  actualCost: ([, selector]) => selectorCost(fixed(actualSize(selector))).max,
};

/** At most two checks fit into what one expression may cost. */
const checking: Costs = { estimateCost: () => ({ cost: fixed(350_000) }), actualCost: () => 350_000 };

function narrowing(name: 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector', id: string, costs: Costs): FunctionDeclaration {
  return declare(name, {
    id, params: [resourceCheckType, stringType], result: resourceCheckType, member: true, ...costs,
    call: of2(resources.read, asText, (check, text) => resources.wrap({ ...check, [name]: text })),
  });
}

const member = { member: true, ...unit } as const;

export const authorizerLibrary: readonly FunctionDeclaration[] = [
  declare('path', {
    id: 'authorizer_path', params: [authorizerType, stringType], result: pathCheckType, ...member,
    call: of2(askers.read, asText, (asker, path) => paths.wrap({ asker, path: unlessBlank(path, 'path') })),
  }),
  declare('group', { id: 'authorizer_group', params: [authorizerType, stringType], result: groupCheckType, ...member, call: of2(askers.read, asText, (asker, group) => groups.wrap({ asker, group })) }),
  declare('serviceAccount', {
    id: 'authorizer_serviceaccount', params: [authorizerType, stringType, stringType], result: authorizerType, ...member, call: of3(askers.read, asText, asText, serviceAccount),
  }),
  declare('resource', {
    id: 'groupcheck_resource', params: [groupCheckType, stringType], result: resourceCheckType, ...member,
    call: of2(groups.read, asText, ({ asker, group }, resource) =>
      resources.wrap({ asker, apiGroup: group, resource: unlessBlank(resource, 'resource'), subresource: '', namespace: '', name: '', fieldSelector: '', labelSelector: '' })),
  }),
  narrowing('subresource', 'resourcecheck_subresource', unit),
  narrowing('namespace', 'resourcecheck_namespace', unit),
  narrowing('name', 'resourcecheck_name', unit),
  narrowing('fieldSelector', 'authorizer_fieldselector', selecting),
  narrowing('labelSelector', 'authorizer_labelselector', selecting),
  declare(
    'check',
    { id: 'pathcheck_check', params: [pathCheckType, stringType], result: decisionType, member: true, ...checking, call: of2(paths.read, asText, checkPath) },
    { id: 'resourcecheck_check', params: [resourceCheckType, stringType], result: decisionType, member: true, ...checking, call: of2(resources.read, asText, checkResource) },
  ),
  declare('errored', { id: 'decision_errored', params: [decisionType], result: boolType, ...member, call: of1(decisions.read, ({ error }) => error !== undefined) }),
  declare('error', { id: 'decision_error', params: [decisionType], result: stringType, ...member, call: of1(decisions.read, ({ error }) => error ?? '') }),
  declare('allowed', { id: 'decision_allowed', params: [decisionType], result: boolType, ...member, call: of1(decisions.read, ({ allowed }) => allowed) }),
  declare('reason', { id: 'decision_reason', params: [decisionType], result: stringType, ...member, call: of1(decisions.read, ({ reason }) => reason) }),
];
