// --feature-gates: what was asked for, checked against what is known (known-gates.ts), with AllAlpha and AllBeta spread
// over the gates that nobody named. The words of refusals are upstream's.
import { UserError } from '#cli';
import { gateNeeds, knownGates, type Gate } from './known-gates.ts';

const wholeStages: ReadonlyMap<string, Gate> = new Map([
  ['AllAlpha', { stage: 'ALPHA', default: false, locked: false }],
  ['AllBeta', { stage: 'BETA', default: false, locked: false }],
]);

/** Every gate and whether it is on. */
export interface FeatureGates {
  on(name: string): boolean;
  /** For the metric kubernetes_feature_enabled. */
  samples(): { readonly name: string; readonly stage: string; readonly value: 0 | 1 }[];
}

function errorsOf(asked: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(asked).flatMap(([name, value]) => {
    const gate = knownGates.get(name) ?? wholeStages.get(name);
    if (gate === undefined) return [`unrecognized feature gate: ${name}`];
    return gate.locked && gate.default !== value ? [`cannot set feature gate ${name} to ${value}, feature is locked to ${gate.default}`] : [];
  });
}

/** A component's prefix is allowed; the only component is kube. */
function withoutComponent(given: Readonly<Record<string, boolean>>): Record<string, boolean> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key.startsWith('kube:') ? key.slice('kube:'.length) : key, value]));
}

/** Throws UserError. */
export function featureGates(given: Readonly<Record<string, boolean>>): FeatureGates {
  const asked = withoutComponent(given);
  const errors = errorsOf(asked);
  const valueOf = (name: string): boolean => {
    const gate = knownGates.get(name);
    if (gate === undefined) return asked[name] ?? false;
    const whole = gate.locked ? undefined : gate.stage === 'ALPHA' ? asked.AllAlpha : gate.stage === 'BETA' ? asked.AllBeta : undefined;
    return asked[name] ?? whole ?? gate.default;
  };
  for (const [name, others] of errors.length > 0 ? [] : gateNeeds) {
    const off = valueOf(name) ? others.filter((other) => !valueOf(other)) : [];
    if (off.length > 0) errors.push(`${name} is enabled, but depends on features that are disabled: [${off.join(' ')}]`);
  }
  if (errors.length > 0) throw new UserError(errors.join('\n'), '--help lists the feature gates');
  return {
    on: valueOf,
    samples: () => [...wholeStages, ...knownGates].map(([name, { stage }]) => ({ name, stage: stage === 'GA' ? '' : stage, value: valueOf(name) ? 1 : 0 })),
  };
}

/** The gates that --help tells of: those that may still change. */
export function gateHelp(): string {
  return [...wholeStages, ...knownGates]
    .filter(([, { stage }]) => stage === 'ALPHA' || stage === 'BETA')
    .map(([name, gate]) => `kube:${name}=true|false (${gate.stage} - default=${gate.default})`)
    .sort()
    .join('\n');
}
