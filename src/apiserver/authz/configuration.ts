// The row of authorizers as an AuthorizationConfiguration (KEP-3221) says it, checked with upstream's texts. Node and RBAC
// authorizers are the server's own; webhooks are made of their connection, conditions and lifetimes.
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { AuthorizationConfiguration, AuthorizerConfiguration, WebhookConfiguration } from '#api/apiserver/v1.ts';
import { errorText } from '#base/errors.ts';
import { aggregateText, invalidValue, notSupported, required, tooMany, type FieldError } from '#machinery';
import { durationMs } from '../configuration/duration.ts';
import { compileExpression, isExpression, type Expression } from '../configuration/expressions.ts';
import type { MatchConditions, WebhookAuthorizerSettings } from './webhook.ts';

export interface ConfiguredAuthorizer {
  readonly type: string;
  readonly name: string;
  readonly webhook?: { readonly settings: WebhookAuthorizerSettings; readonly kubeconfig: string | undefined; readonly timeoutMs: number };
}

const types = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'];
const namePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const nameText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function durationErrors(path: string, text: string | undefined, most: number): FieldError[] {
  const ms = durationMs(text);
  if (ms === 0) return [required(path, '')];
  if (ms > 0 && ms <= most) return [];
  return [invalidValue(path, text ?? '', Number.isFinite(most) ? 'must be > 0s and <= 30s' : 'must be > 0s')];
}

function connectionErrors(path: string, { type = '', kubeConfigFile }: NonNullable<WebhookConfiguration['connectionInfo']>): FieldError[] {
  const file = `${path}.kubeConfigFile`;
  if (type === '') return [required(`${path}.type`, '')];
  if (type === 'InClusterConfig') return kubeConfigFile === undefined ? [] : [invalidValue(file, kubeConfigFile, 'can only be set when type=KubeConfigFile')];
  if (type !== 'KubeConfigFile') return [notSupported(`${path}.type`, type, ['InClusterConfig', 'KubeConfigFile'])];
  if (kubeConfigFile === undefined || kubeConfigFile === '') return [required(file, '')];
  if (!isAbsolute(kubeConfigFile)) return [invalidValue(file, kubeConfigFile, 'must be an absolute path')];
  try {
    return statSync(kubeConfigFile).isFile() ? [] : [invalidValue(file, kubeConfigFile, 'must be a regular file')];
  } catch (error) {
    return [invalidValue(file, kubeConfigFile, `error loading file: ${errorText(error)}`)];
  }
}

function conditionsOf(path: string, conditions: NonNullable<WebhookConfiguration['matchConditions']>, errors: FieldError[]): Expression[] {
  if (conditions.length > 64) {
    errors.push(tooMany(path, conditions.length, 64));
    return [];
  }
  const seen = new Set<string>();
  return conditions.flatMap(({ expression = '' }, at) => {
    const field = `${path}[${at}].expression`;
    if (seen.has(expression)) {
      errors.push({ type: 'Duplicate', field, badValue: expression, detail: '' });
      return [];
    }
    seen.add(expression);
    const compiled = compileExpression(field, expression, 'request', true);
    if (isExpression(compiled)) return [compiled];
    errors.push(compiled);
    return [];
  });
}

/** One that is false decides; else an error does. */
function allOf(conditions: readonly Expression[]): MatchConditions {
  return (spec) => {
    const problems: string[] = [];
    for (const condition of conditions) {
      try {
        if (condition.evaluate(spec) !== true) return false;
      } catch (error) {
        problems.push(`cel evaluation error: expression '${condition.text}' resulted in error: ${errorText(error)}`);
      }
    }
    if (problems.length > 0) throw new Error(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`);
    return true;
  };
}

function webhookOf(path: string, name: string, webhook: WebhookConfiguration, errors: FieldError[]): ConfiguredAuthorizer['webhook'] {
  errors.push(...durationErrors(`${path}.timeout`, webhook.timeout, 30_000));
  errors.push(...durationErrors(`${path}.authorizedTTL`, webhook.authorizedTTL, Number.POSITIVE_INFINITY));
  errors.push(...durationErrors(`${path}.unauthorizedTTL`, webhook.unauthorizedTTL, Number.POSITIVE_INFINITY));
  const { subjectAccessReviewVersion: version = '', matchConditionSubjectAccessReviewVersion: conditionVersion = '', failurePolicy = '', matchConditions = [] } = webhook;
  if (version === '') errors.push(required(`${path}.subjectAccessReviewVersion`, ''));
  else if (version !== 'v1' && version !== 'v1beta1') errors.push(notSupported(`${path}.subjectAccessReviewVersion`, version, ['v1', 'v1beta1']));
  if (conditionVersion === '' && matchConditions.length > 0) errors.push(required(`${path}.matchConditionSubjectAccessReviewVersion`, 'required if match conditions are specified'));
  else if (conditionVersion !== '' && conditionVersion !== 'v1') errors.push(notSupported(`${path}.matchConditionSubjectAccessReviewVersion`, conditionVersion, ['v1']));
  if (failurePolicy === '') errors.push(required(`${path}.failurePolicy`, ''));
  else if (failurePolicy !== 'NoOpinion' && failurePolicy !== 'Deny') errors.push(notSupported(`${path}.failurePolicy`, failurePolicy, ['NoOpinion', 'Deny']));
  errors.push(...connectionErrors(`${path}.connectionInfo`, webhook.connectionInfo ?? {}));
  const conditions = conditionsOf(`${path}.matchConditions`, matchConditions, errors);
  return {
    settings: {
      name, version: version === 'v1beta1' ? 'v1beta1' : 'v1', authorizedMs: durationMs(webhook.authorizedTTL), unauthorizedMs: durationMs(webhook.unauthorizedTTL), onError: failurePolicy === 'Deny' ? 'deny' : 'none',
      ...(webhook.cacheAuthorizedRequests === undefined ? {} : { cacheAuthorized: webhook.cacheAuthorizedRequests }),
      ...(webhook.cacheUnauthorizedRequests === undefined ? {} : { cacheUnauthorized: webhook.cacheUnauthorizedRequests }),
      ...(conditions.length === 0 ? {} : { matches: allOf(conditions) }),
    },
    kubeconfig: webhook.connectionInfo?.kubeConfigFile,
    timeoutMs: durationMs(webhook.timeout),
  };
}

function authorizerOf(path: string, { type = '', name = '', webhook }: AuthorizerConfiguration, seen: Set<string>, errors: FieldError[]): ConfiguredAuthorizer[] {
  if (type === '') errors.push(required(`${path}.type`, ''));
  else if (!types.includes(type)) errors.push(notSupported(`${path}.type`, type, types));
  else if (type !== 'Webhook' && seen.has(`type ${type}`)) errors.push({ type: 'Duplicate', field: `${path}.type`, badValue: type, detail: '' });
  else {
    seen.add(`type ${type}`);
    if (name === '') errors.push(required(`${path}.name`, ''));
    else if (seen.has(`name ${name}`)) errors.push({ type: 'Duplicate', field: `${path}.name`, badValue: name, detail: '' });
    else if (!namePattern.test(name)) errors.push(invalidValue(`${path}.name`, name, `authorizer name is invalid: ${nameText}`));
    seen.add(`name ${name}`);
    if (type !== 'Webhook') {
      if (webhook !== undefined) errors.push(invalidValue(`${path}.webhook`, 'non-null', 'may only be specified when type=Webhook'));
      return [{ type, name }];
    }
    const made = webhook === undefined ? undefined : webhookOf(path, name, webhook, errors);
    if (made === undefined) errors.push(required(`${path}.webhook`, 'required when type=Webhook'));
    else return [{ type, name, webhook: made }];
  }
  return [];
}

/** Throws an Error with everything that is wrong. */
export function compileAuthorization({ authorizers = [] }: AuthorizationConfiguration): ConfiguredAuthorizer[] {
  const errors: FieldError[] = [];
  if (authorizers.length === 0) errors.push(required('authorizers', 'at least one authorization mode must be defined'));
  const seen = new Set<string>();
  const compiled = authorizers.flatMap((authorizer, at) => authorizerOf(`authorizers[${at}]`, authorizer, seen, errors));
  if (errors.length > 0) throw new Error(aggregateText(errors));
  return compiled;
}
