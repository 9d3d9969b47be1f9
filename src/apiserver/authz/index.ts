// Door of authz/: authorizers, default policy and the access reviews.
export { createAbacAuthorizer, readPolicies } from './abac.ts';
export { defaultPolicy, type DefaultPolicy } from './default-policy.ts';
export { createNodeAuthorizer, nodeOf } from './node.ts';
export { createRbacAuthorizer, type RbacAuthorizer } from './rbac.ts';
export { refusal } from './refusal.ts';
export { createAccessReviews, type AccessReviews } from './reviews.ts';
export { uncovered } from './rule-cover.ts';
export { compactRules, ruleText } from './rule-match.ts';
export type { RuleSource } from './rules.ts';
export { alwaysAllow, alwaysDeny, unionAuthorizer } from './union.ts';
export { createWebhookAuthorizer, type MatchConditions, type ReviewCaller, type WebhookAuthorizerSettings } from './webhook.ts';
export { authorizerRow, type RowSettings } from './authorizer-row.ts';
