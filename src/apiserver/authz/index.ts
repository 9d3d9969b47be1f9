// Door of authz/: authorizers, default policy and the access reviews.
export { defaultPolicy, type DefaultPolicy } from './default-policy.ts';
export { createNodeAuthorizer, nodeOf } from './node.ts';
export { createRbacAuthorizer, type RbacAuthorizer } from './rbac.ts';
export { refusal } from './refusal.ts';
export { createAccessReviews, type AccessReviews } from './reviews.ts';
export { ruleText, uncovered } from './rule-match.ts';
export { alwaysAllow, alwaysDeny, unionAuthorizer } from './union.ts';
