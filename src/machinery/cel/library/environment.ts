// The environment that every expression in a Kubernetes 1.36 API server starts from: the language's settings, the
// libraries introduced up to this version, the checks of literals, and the cost of evaluation (upstream's
// pkg/cel/environment/base.go). Variables and types are added by whoever evaluates.
import type { Ast, CostEstimator, Environment, EnvironmentOptions, Estimate } from '../contract.ts';
import { durationLiterals, regexLiterals, timestampLiterals } from '../check/validators.ts';
import { estimateCost } from '../cost/static-cost.ts';
import { newEnvironment } from '../environment.ts';
import { authorizationTypes, authorizerLibrary } from './authorizer.ts';
import { cidrLibrary, cidrType } from './cidr.ts';
import { equalityCost, kubernetesEstimator } from './costs.ts';
import { formatLibrary } from './formats.ts';
import { ipLibrary, ipType } from './ip.ts';
import { jsonPatchLibrary } from './json-patch.ts';
import { perCallLimit } from './limits.ts';
import { listFunctionsLibrary, listFunctionsMacros } from './list-functions.ts';
import { listsLibrary } from './lists.ts';
import { validateHomogeneousLiterals } from './literal-validators.ts';
import { quantityLibrary } from './quantity.ts';
import { regexLibrary } from './regex.ts';
import { semverLibrary } from './semver.ts';
import { setsLibrary } from './sets.ts';
import { validateFormatCalls } from './string-format-validator.ts';
import { stringsLibrary } from './strings.ts';
import { twoVariableFunctions, twoVariableMacros } from './two-variable-comprehensions.ts';
import { urlsLibrary } from './urls.ts';

const options: EnvironmentOptions = {
  crossTypeNumericComparisons: true,
  optionalTypes: true,
  functions: [
    ...urlsLibrary, ...regexLibrary, ...listsLibrary, ...authorizerLibrary, ...quantityLibrary, ...stringsLibrary, ...setsLibrary, ...ipLibrary, ...cidrLibrary,
    ...formatLibrary, ...twoVariableFunctions, ...semverLibrary, ...listFunctionsLibrary,
  ],
  macros: [...twoVariableMacros, ...listFunctionsMacros],
  types: [ipType, cidrType, ...authorizationTypes],
  validators: [durationLiterals, timestampLiterals, regexLiterals, validateHomogeneousLiterals, validateFormatCalls],
  program: { trackCost: true, costLimit: perCallLimit, actualCost: equalityCost, presenceTestHasCost: false },
};

let base: Environment | undefined;

/** Made when first asked for: a cluster without expressions pays nothing. */
export function kubernetesEnvironment(): Environment {
  base ??= newEnvironment(options);
  return base;
}

/** What mutating policies may use besides. */
export const jsonPatchFunctions = jsonPatchLibrary;

/** The static cost as Kubernetes counts it. `sizes` knows the schema behind the variables. */
export function estimateKubernetesCost(environment: Environment, ast: Ast, sizes: Pick<CostEstimator, 'estimateSize'>): Estimate {
  return estimateCost(environment, ast, kubernetesEstimator(sizes));
}
