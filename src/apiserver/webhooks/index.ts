// Door of webhooks/: the client that calls them, and what admission does with it.
export { admissionWebhooks, outsidePlugins, type OutsidePorts } from './plugins.ts';
export { createWebhookCaller, WebhookCallError, type WebhookCall, type WebhookCaller, type WebhookCallerParts } from './caller.ts';
export { BadWebhookConfig, type WebhookClientConfig, type WebhookService } from './client-config.ts';
export { credentialsFrom, type ClientCredentials } from './credentials.ts';
export { countedServerName, goNetworkError } from './go-errors.ts';
export { isTransient, reviewClient, type ReviewClient } from './kubeconfig-webhook.ts';
export { readKubeconfig, type Kubeconfig, type KubeconfigCluster } from './kubeconfig.ts';
export { clusterIpResolver, endpointResolver, slicesOf, type ServiceResolver } from './service-resolver.ts';
export { type CompileConditions, type ConditionInput, type ConditionResult, type Conditions, type ConditionsOf } from './hooks.ts';
export {
  createMatcher, isExempt, kindOf, kindOfObject, kindText, namespaceOf, resourceOf, type GroupVersionKind, type GroupVersionResource, type Match, type MatchCriteria, type Matcher,
  type MatchingPorts, type MatchRule,
} from './matching.ts';
export { memoryOf, requireAgain, type ReinvocationMemory } from './reinvocation-memory.ts';
export { replaceObject, versionedObjects, type VersionedObjects } from './versioned-request.ts';
