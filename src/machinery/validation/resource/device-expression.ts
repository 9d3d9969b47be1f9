// The environment of device selectors: `device` with its driver, attributes and capacities, whose sizes are known, so
// that the cost of an expression can be told before it runs.
import {
  anyType, bindMacro, boolType, estimateKubernetesCost, kubernetesEnvironment, mapType, objectType, quantityType, sameType, stringType, typeString, typeProvider,
  type CelType, type CostNode, type Declared, type Environment, type Estimate,
} from '../../cel/index.ts';

const longestDomain = 63;
const longestId = 32;
const longestValue = 64;
const mostNames = 32;
const costLimit = 1_000_000;
const notCompiled = 'compilation failed: ';

/** What compiling an expression says: an error's text, or that it may cost too much. */
export interface SelectorVerdict {
  readonly error?: string;
  readonly tooExpensive?: boolean;
}

function scalar(type: CelType, maxElements: number): Declared {
  return { type, fields: undefined, element: undefined, maxElements, minSerializedSize: 0 };
}

function map(element: Declared): Declared {
  return { type: mapType(stringType, element.type), fields: undefined, element, maxElements: mostNames, minSerializedSize: 0 };
}

const attribute = scalar(anyType, longestValue);
const fields: Readonly<Record<string, Declared>> = {
  driver: scalar(stringType, longestDomain),
  attributes: map(map(attribute)),
  capacity: map(map(scalar(quantityType, 0))),
  allowMultipleAllocations: scalar(boolType, 1),
};
const device: Declared = {
  ...scalar(objectType('kubernetes.DRADevice'), 0),
  fields: new Map(Object.entries(fields).map(([name, type]) => [name, { type, required: true }])),
};

let environment: Environment | undefined;

/** Made when first asked for: most clusters have no devices. */
function deviceEnvironment(): Environment {
  environment ??= kubernetesEnvironment().extend({ variables: { device: device.type }, provider: typeProvider([device]), macros: [bindMacro] });
  return environment;
}

/** How long a key of `parent`'s entries may be: domains outside, names inside. */
function keySize(parent: Declared): number {
  return parent.element?.element === undefined ? longestId : longestDomain;
}

function estimateSize({ path: [root, ...rest] }: CostNode): Estimate | undefined {
  if (root !== 'device') return undefined;
  let at: Declared = device;
  for (const name of rest) {
    if (name === '@keys') return { min: 0, max: keySize(at) };
    const next = name === '@items' || name === '@values' ? at.element : (at.fields?.get(name)?.type ?? (at.element === attribute ? attribute : undefined));
    if (next === undefined) return undefined;
    at = next;
  }
  return { min: 0, max: at.maxElements };
}

export function compileSelector(expression: string): SelectorVerdict {
  const env = deviceEnvironment();
  const { ast, issues } = env.compile(expression);
  if (ast === undefined) return { error: `${notCompiled}${issues.toString()}` };
  const { outputType } = ast;
  if (!sameType(outputType, boolType) && !sameType(outputType, anyType)) {
    return { error: `must evaluate to bool or the unknown type, not ${typeString(outputType)}` };
  }
  try {
    env.program(ast);
  } catch (error) {
    return { error: `program instantiation failed: ${error instanceof Error ? error.message : String(error)}` };
  }
  return { tooExpensive: estimateKubernetesCost(env, ast, { estimateSize }).max > costLimit };
}
