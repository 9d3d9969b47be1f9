// Which level of the Pod Security Standards holds in a namespace: its labels over the configured defaults. A label that
// means nothing is as strict as can be where it would enforce, and says nothing where it would only tell.
import { invalidValue, type FieldError } from '#machinery';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface LevelVersion {
  readonly level: Level;
  /** "latest" or "v1.x". */
  readonly version: string;
}

export interface PodSecurityPolicy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

export const modes = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof modes)[number];

const levels: readonly string[] = ['privileged', 'baseline', 'restricted'];
export const labelPrefix = 'pod-security.kubernetes.io/';
const anyLevel: LevelVersion = { level: 'privileged', version: 'latest' };

export const privilegedPolicy: PodSecurityPolicy = { enforce: anyLevel, audit: anyLevel, warn: anyLevel };

export function isLevel(text: string): text is Level {
  return levels.includes(text);
}

export function isVersion(text: string): boolean {
  return text === 'latest' || /^v1\.([0-9]|[1-9][0-9]*)$/.test(text);
}

export const levelProblem = `must be one of ${levels.join(', ')}`;
export const versionProblem = 'must be "latest" or "v1.x"';

export function levelText({ level, version }: LevelVersion): string {
  return `${level}:${version}`;
}

/** Stricter is larger. */
export function strictness(level: Level): number {
  return levels.indexOf(level);
}

function sameLevel(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && (a.level === 'privileged' || a.version === b.version);
}

export function samePolicy(a: PodSecurityPolicy, b: PodSecurityPolicy): boolean {
  return modes.every((mode) => sameLevel(a[mode], b[mode]));
}

export function isFullyPrivileged(policy: PodSecurityPolicy): boolean {
  return modes.every((mode) => policy[mode].level === 'privileged');
}

type Labels = Readonly<Record<string, string>> | undefined;

/** The namespace's policy, and what is wrong with its labels. */
export function policyOf(labels: Labels, defaults: PodSecurityPolicy): { policy: PodSecurityPolicy; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const policy: Record<Mode, LevelVersion> = { ...defaults };
  for (const mode of modes) {
    const level = labels?.[labelPrefix + mode];
    if (level !== undefined) {
      if (!isLevel(level)) errors.push(invalidValue(`metadata.labels[${labelPrefix}${mode}]`, level, levelProblem));
      policy[mode] = { ...policy[mode], level: isLevel(level) ? level : mode === 'enforce' ? 'restricted' : 'privileged' };
    }
    const version = labels?.[`${labelPrefix}${mode}-version`];
    if (version !== undefined) {
      if (!isVersion(version)) errors.push(invalidValue(`metadata.labels[${labelPrefix}${mode}-version]`, version, versionProblem));
      policy[mode] = { ...policy[mode], version: isVersion(version) ? version : 'latest' };
    }
  }
  // What is enforced is warned of in the objects that pods come from.
  const enforced = labels?.[`${labelPrefix}enforce`];
  const warns = labels?.[`${labelPrefix}warn`] !== undefined;
  if (!warns && enforced !== undefined && isLevel(enforced) && strictness(policy.enforce.level) > strictness(policy.warn.level)) {
    const hasVersion = labels?.[`${labelPrefix}warn-version`] !== undefined;
    policy.warn = { level: policy.enforce.level, version: hasVersion ? policy.warn.version : policy.enforce.version };
  }
  return { policy, errors };
}
