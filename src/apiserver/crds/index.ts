// The door of custom resource definitions.
export { createCustomResources, type CustomResources } from './controller.ts';
export { customResourceDefinitions } from './definition-strategy.ts';
export { webhookConversions } from './webhook-conversion.ts';
