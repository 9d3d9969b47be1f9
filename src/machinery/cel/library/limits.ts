// How much expressions may cost in a Kubernetes API server (upstream's pkg/apis/cel and pkg/cel/limits.go).

/** One evaluation of one expression; about a tenth of a second. */
export const perCallLimit = 1_000_000;

/** All expressions of one policy binding, or of one custom resource, on one request. */
export const runtimeCostBudget = 10_000_000;

/** All match conditions of one webhook or policy on one request. */
export const matchConditionsCostBudget = 2_500_000;

/** What the request body of an object may weigh, which bounds every size in it. */
export const maxRequestBytes = 3 * 1024 * 1024;

/** The longest text a messageExpression may produce. */
export const maxMessageBytes = 5 * 1024;
