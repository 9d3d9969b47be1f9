// Door of webhooks/: the client that calls them, and what admission does with it.
export { createWebhookCaller, WebhookCallError, type WebhookCall, type WebhookCaller, type WebhookCallerParts } from './caller.ts';
export { BadWebhookConfig, type WebhookClientConfig, type WebhookService } from './client-config.ts';
export { credentialsFrom, type ClientCredentials } from './credentials.ts';
export { checkServerName, goNetworkError } from './go-errors.ts';
export { readKubeconfig, type Kubeconfig, type KubeconfigCluster } from './kubeconfig.ts';
export { clusterIpResolver, endpointResolver, slicesOf, type ServiceResolver } from './service-resolver.ts';
