// The webhooks of all configuration objects as admission goes through them: in the order of the configurations'
// names, each with its selectors parsed and its conditions compiled. Derived again only when a configuration
// changes, which the very next request sees.
import type { MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration } from '#api/admissionregistration/v1.ts';
import type { AdmissionRequest, KubeObject } from '../contract.ts';
import { createMatcher, type GroupVersionKind, type GroupVersionResource, type Matcher, type MatchingPorts } from './matching.ts';

/** What conditions decide about. */
export interface ConditionInput {
  readonly request: AdmissionRequest;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  /** In the version that matched. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

export type ConditionResult = { readonly matches: boolean } | { readonly error: string };

export interface Conditions {
  evaluate(input: ConditionInput): Promise<ConditionResult> | ConditionResult;
}

export interface ConditionsOf {
  readonly failurePolicy: string;
  /** For metrics: "webhook" or "policy", "admit" or "validating", and the name. */
  readonly kind: string;
  readonly type: string;
  readonly name: string;
}

/** Compiles matchConditions; what does not compile fails each evaluation. */
export type CompileConditions = (conditions: readonly MatchCondition[], of: ConditionsOf) => Conditions;

export interface Hook<W extends MutatingWebhook | ValidatingWebhook = MutatingWebhook | ValidatingWebhook> {
  /** "configuration/webhook/0": unique. */
  readonly uid: string;
  readonly configuration: string;
  readonly webhook: W;
  readonly matcher: Matcher;
  readonly conditions: Conditions | undefined;
}

export interface HookSource<W extends MutatingWebhook | ValidatingWebhook> {
  hooks(): readonly Hook<W>[];
}

const group = 'admissionregistration.k8s.io';

type Configuration = KubeObject & (MutatingWebhookConfiguration | ValidatingWebhookConfiguration);

function hooksOf(ports: MatchingPorts, compile: CompileConditions, type: string, configuration: Configuration): Hook[] {
  const name = configuration.metadata?.name ?? '';
  const seen = new Map<string, number>();
  return (configuration.webhooks ?? []).map((webhook) => {
    const count = seen.get(webhook.name) ?? 0;
    seen.set(webhook.name, count + 1);
    const conditions = webhook.matchConditions ?? [];
    return {
      uid: `${name}/${webhook.name}/${count}`,
      configuration: name,
      webhook,
      matcher: createMatcher(ports, { rules: webhook.rules ?? [], matchPolicy: webhook.matchPolicy, namespaceSelector: webhook.namespaceSelector, objectSelector: webhook.objectSelector }),
      conditions: conditions.length === 0 ? undefined : compile(conditions, { failurePolicy: webhook.failurePolicy ?? 'Fail', kind: 'webhook', type, name: webhook.name }),
    };
  });
}

function sourceOf(ports: MatchingPorts, compile: CompileConditions, resource: string, type: string): HookSource<MutatingWebhook | ValidatingWebhook> {
  const byConfiguration = new WeakMap<object, Hook[]>();
  let revision = -1;
  let known: readonly Hook[] = [];
  return {
    hooks() {
      const now = ports.reader.revision(group, resource);
      if (now === revision) return known;
      revision = now;
      const configurations = [...ports.reader.list(group, resource)].sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
      known = configurations.flatMap((configuration) => {
        // Untouched configurations keep what was compiled, as long as the cache keeps the object.
        const made = byConfiguration.get(configuration) ?? hooksOf(ports, compile, type, configuration as Configuration);
        byConfiguration.set(configuration, made);
        return made;
      });
      return known;
    },
  };
}

export function mutatingHooks(ports: MatchingPorts, compile: CompileConditions): HookSource<MutatingWebhook> {
  return sourceOf(ports, compile, 'mutatingwebhookconfigurations', 'admit');
}

export function validatingHooks(ports: MatchingPorts, compile: CompileConditions): HookSource<ValidatingWebhook> {
  return sourceOf(ports, compile, 'validatingwebhookconfigurations', 'validating');
}
