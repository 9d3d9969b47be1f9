// --admission-control-config-file: one AdmissionConfiguration that names, plugin by plugin, its settings or the file that
// they are in. Relative paths are relative to the file. Whatever a plugin does not know is an error at start.
import { dirname, isAbsolute, join } from 'node:path';
import type { Toleration } from '#api/core/v1.ts';
import { aggregateText, invalidValue, isObject, parseYaml, type FieldError } from '#machinery';
import type { EventLimit } from './event-rate-limit.ts';
import type { PodTolerationSettings } from './pod-plugins.ts';
import { podSecurityDefaults, type PodSecuritySettings } from './pod-security/plugin.ts';
import { isLevel, isVersion, levelProblem, modes, versionProblem, type LevelVersion, type PodSecurityPolicy } from './pod-security/policy.ts';
import type { LimitedResource } from './resource-quota.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface AdmissionConfiguration {
  readonly podSecurity: PodSecuritySettings;
  readonly eventLimits: readonly EventLimit[];
  readonly limitedResources: readonly LimitedResource[];
  readonly nodeSelectors: Readonly<Record<string, string>>;
  readonly tolerations: PodTolerationSettings;
  /** By plugin, as they stand there: for plugins that read their own. */
  readonly raw: ReadonlyMap<string, Fields>;
}

export const noConfiguration: AdmissionConfiguration = { podSecurity: podSecurityDefaults, eventLimits: [], limitedResources: [], nodeSelectors: {}, tolerations: {}, raw: new Map() };

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function mustBe(fields: Fields, plugin: string, group: string, kind: string, versions: readonly string[]): void {
  const known = versions.map((version) => `${group}/${version}`);
  if (fields.kind !== kind || typeof fields.apiVersion !== 'string' || !known.includes(fields.apiVersion)) {
    throw new Error(`${plugin}: no kind ${JSON.stringify(fields.kind ?? '')} is registered for version ${JSON.stringify(fields.apiVersion ?? '')}`);
  }
}

/** Throws an Error with all that is wrong. */
export function readPodSecurity(fields: Fields): PodSecuritySettings {
  mustBe(fields, 'PodSecurity', 'pod-security.admission.config.k8s.io', 'PodSecurityConfiguration', ['v1', 'v1beta1', 'v1alpha1']);
  const defaults = isObject(fields.defaults) ? fields.defaults : {};
  const exemptions = isObject(fields.exemptions) ? fields.exemptions : {};
  const errors: FieldError[] = [];
  const levels = modes.map((mode): readonly [string, LevelVersion] => {
    const level = String(defaults[mode] ?? 'privileged');
    const version = String(defaults[`${mode}-version`] ?? 'latest');
    if (!isLevel(level)) errors.push(invalidValue(`defaults.${mode}`, level, levelProblem));
    if (!isVersion(version)) errors.push(invalidValue(`defaults.${mode}-version`, version, versionProblem));
    return [mode, { level: isLevel(level) ? level : 'restricted', version }];
  });
  const lists = ['usernames', 'namespaces', 'runtimeClasses'] as const;
  for (const list of lists) {
    const names = texts(exemptions[list]);
    for (const [at, name] of names.entries()) {
      if (name === '') errors.push(invalidValue(`exemptions.${list}[${at}]`, name, list === 'usernames' ? 'username must not be empty' : 'must not be empty'));
      else if (names.indexOf(name) < at) errors.push({ type: 'Duplicate', field: `exemptions.${list}[${at}]`, badValue: name, detail: '' });
    }
  }
  if (errors.length > 0) throw new Error(aggregateText(errors));
  return {
    defaults: Object.fromEntries(levels) as unknown as PodSecurityPolicy,
    exemptions: { usernames: texts(exemptions.usernames), namespaces: texts(exemptions.namespaces), runtimeClasses: texts(exemptions.runtimeClasses) },
  };
}

const limitTypes: readonly string[] = ['Server', 'Namespace', 'User', 'SourceAndObject'];

function readEventLimits(fields: Fields): EventLimit[] {
  mustBe(fields, 'EventRateLimit', 'eventratelimit.admission.k8s.io', 'Configuration', ['v1alpha1']);
  const limits = Array.isArray(fields.limits) ? (fields.limits as EventLimit[]) : [];
  const errors: FieldError[] = [];
  if (limits.length === 0) errors.push(invalidValue('limits', 'limits', 'must not be empty'));
  for (const [at, { type, qps, burst, cacheSize = 0 }] of limits.entries()) {
    if (!limitTypes.includes(type)) errors.push({ type: 'NotSupported', field: `limits[${at}].type`, badValue: type, detail: `supported values: ${limitTypes.map((name) => JSON.stringify(name)).join(', ')}` });
    if (!(burst > 0)) errors.push(invalidValue(`limits[${at}].burst`, burst ?? 0, 'must be positive'));
    if (!(qps > 0)) errors.push(invalidValue(`limits[${at}].qps`, qps ?? 0, 'must be positive'));
    if (cacheSize < 0) errors.push(invalidValue(`limits[${at}].cacheSize`, cacheSize, 'must not be negative'));
  }
  if (errors.length > 0) throw new Error(aggregateText(errors));
  return limits;
}

function readLimitedResources(fields: Fields): LimitedResource[] {
  if (fields.kind === 'Configuration') mustBe(fields, 'ResourceQuota', 'resourcequota.admission.k8s.io', 'Configuration', ['v1alpha1', 'v1beta1']);
  else mustBe(fields, 'ResourceQuota', 'apiserver.config.k8s.io', 'ResourceQuotaConfiguration', ['v1']);
  const limited = Array.isArray(fields.limitedResources) ? (fields.limitedResources as LimitedResource[]) : [];
  const bare = limited.findIndex(({ resource }) => (resource ?? '') === '');
  if (bare >= 0) throw new Error(`limitedResources[${bare}].resource: Required value`);
  return limited;
}

function readTolerations(fields: Fields): PodTolerationSettings {
  mustBe(fields, 'PodTolerationRestriction', 'podtolerationrestriction.admission.k8s.io', 'Configuration', ['v1alpha1']);
  const list = (value: unknown): Toleration[] => (Array.isArray(value) ? (value as Toleration[]) : []);
  return { default: list(fields.default), whitelist: list(fields.whitelist) };
}

function readNodeSelectors(fields: Fields): Record<string, string> {
  const rows = isObject(fields.podNodeSelectorPluginConfig) ? fields.podNodeSelectorPluginConfig : {};
  return Object.fromEntries(Object.entries(rows).flatMap(([namespace, selector]) => (typeof selector === 'string' ? [[namespace, selector]] : [])));
}

function parseFields(text: string, what: string): Fields {
  const value: unknown = parseYaml(text);
  if (!isObject(value)) throw new Error(`${what} is not an object`);
  return value;
}

/** @param readFile for the files that it names. Throws an Error. */
export function readAdmissionConfiguration(path: string, readFile: (path: string) => string): AdmissionConfiguration {
  const fields = parseFields(readFile(path), path);
  // The first version has another group.
  if (fields.apiVersion !== 'apiserver.k8s.io/v1alpha1' || fields.kind !== 'AdmissionConfiguration') mustBe(fields, path, 'apiserver.config.k8s.io', 'AdmissionConfiguration', ['v1']);
  const raw = new Map<string, Fields>();
  for (const row of Array.isArray(fields.plugins) ? (fields.plugins as unknown[]) : []) {
    if (!isObject(row) || typeof row.name !== 'string') continue;
    const file = typeof row.path === 'string' ? row.path : '';
    if (isObject(row.configuration)) raw.set(row.name, row.configuration);
    else if (file !== '') raw.set(row.name, parseFields(readFile(isAbsolute(file) ? file : join(dirname(path), file)), file));
  }
  const read = <T>(name: string, reader: (own: Fields) => T, absent: T): T => {
    const own = raw.get(name);
    return own === undefined ? absent : reader(own);
  };
  return {
    podSecurity: read('PodSecurity', readPodSecurity, noConfiguration.podSecurity),
    eventLimits: read('EventRateLimit', readEventLimits, noConfiguration.eventLimits),
    limitedResources: read('ResourceQuota', readLimitedResources, noConfiguration.limitedResources),
    nodeSelectors: read('PodNodeSelector', readNodeSelectors, noConfiguration.nodeSelectors),
    tolerations: read('PodTolerationRestriction', readTolerations, noConfiguration.tolerations),
    raw,
  };
}
