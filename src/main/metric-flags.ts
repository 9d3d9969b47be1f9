// --allow-metric-labels, --allow-metric-labels-manifest, --disabled-metrics and --show-hidden-metrics-for-version, checked
// in component-base's words; and the deprecated metrics that upstream hides in this version.
import { readFileSync } from 'node:fs';
import { codeOf, errorText } from '#base/errors.ts';
import type { FormerName, MetricRules } from '#base/metric-rules.ts';
import { errorText as fieldText, goQuote, invalidValue, isObject, parseYaml, type FieldError } from '#machinery';
import type { ApiserverFlags } from './apiserver-flags.ts';

/** Each is told under a newer name too. */
const former: readonly FormerName[] = [
  {
    name: 'apiserver_request_slo_duration_seconds', of: 'apiserver_request_sli_duration_seconds',
    help: '[ALPHA] (Deprecated since 1.27.0) Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
  },
  { name: 'apiserver_flowcontrol_request_concurrency_limit', of: 'apiserver_flowcontrol_nominal_limit_seats', help: '[ALPHA] (Deprecated since 1.30.0) Nominal number of execution seats configured for each priority level' },
  {
    name: 'apiserver_flowcontrol_request_concurrency_in_use', of: 'apiserver_flowcontrol_current_executing_seats',
    help: '[ALPHA] (Deprecated since 1.31.0) Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
  },
  {
    name: 'kube_apiserver_pod_logs_pods_logs_insecure_backend_total', of: 'kube_apiserver_pod_logs_insecure_backend_total',
    help: '[ALPHA] (Deprecated since 1.27.0) Total number of requests for pods/logs sliced by usage type: enforce_tls, skip_tls_allowed, skip_tls_denied',
  },
  {
    name: 'kube_apiserver_pod_logs_pods_logs_backend_tls_failure_total', of: 'kube_apiserver_pod_logs_backend_tls_failure_total',
    help: '[ALPHA] (Deprecated since 1.27.0) Total number of requests for pods/logs that failed due to kubelet server TLS verification',
  },
];

const previousVersion = '1.35';
const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const labelName = '[a-zA-Z_][a-zA-Z0-9_]*';
const mappingKey = new RegExp(`^${metricName},${labelName}$`);
const wholeName = new RegExp(`^${metricName}$`);

type Mapping = Readonly<Record<string, string>>;

function mappingErrors(mapping: Mapping, field: string): FieldError[] {
  if (Object.keys(mapping).every((key) => mappingKey.test(key))) return [];
  return [invalidValue(field, mapping, `must have keys with format \`metricName,labelName\` where metricName matches ${goQuote(metricName)} and labelName matches ${goQuote(labelName)}`)];
}

/** Throws an Error. */
function readManifest(path: string): Mapping {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`failed to read allow list manifest: open ${path}: ${codeOf(error) === 'ENOENT' ? 'no such file or directory' : errorText(error)}`, { cause: undefined });
  }
  try {
    const parsed: unknown = parseYaml(text) ?? {};
    if (!isObject(parsed)) throw new Error('yaml: unmarshal errors: not a map of strings');
    return Object.fromEntries(Object.entries(parsed).map(([key, value]) => {
      if (typeof value === 'object' && value !== null) throw new Error(`yaml: unmarshal errors: ${key} is not a string`);
      return [key, String(value ?? '')];
    }));
  } catch (error) {
    throw new Error(`failed to parse allow list manifest: ${errorText(error)}`, { cause: undefined });
  }
}

function manifestErrors(path: string, field: string): FieldError[] {
  if (path === '') return [];
  try {
    const [error] = mappingErrors(readManifest(path), field);
    return error === undefined ? [] : [invalidValue(field, path, `invalid allow list mapping in manifest: [${fieldText(error)}]`)];
  } catch (error) {
    return [invalidValue(field, path, errorText(error))];
  }
}

/** What is wrong with the flags about metrics. */
export function metricFlagErrors(flags: ApiserverFlags): string[] {
  const errors: FieldError[] = [];
  const shown = flags.get('show-hidden-metrics-for-version');
  if (shown !== '' && shown !== previousVersion) errors.push(invalidValue('metrics.showHiddenMetricsForVersion', shown, `must be omitted or have the value '${previousVersion}'; only the previous minor version is allowed`));
  const disabled = flags.get('disabled-metrics');
  const bad = disabled.find((name) => !wholeName.test(name));
  if (bad !== undefined) errors.push(invalidValue('metrics.disabledMetrics', disabled, `must be fully qualified metric names matching ${goQuote(wholeName.source)}, got ${goQuote(bad)}`));
  const mapping = flags.get('allow-metric-labels');
  const manifest = flags.get('allow-metric-labels-manifest');
  errors.push(...mappingErrors(mapping, 'metrics.allowListMapping'), ...manifestErrors(manifest, 'metrics.allowListMappingManifest'));
  if (flags.given('allow-metric-labels') && manifest !== '') {
    const told = { ...(shown === '' ? {} : { showHiddenMetricsForVersion: shown }), ...(disabled.length === 0 ? {} : { disabledMetrics: disabled }), allowListMapping: mapping, allowListMappingManifest: manifest };
    errors.push(invalidValue('metrics', told, 'cannot specify both allowListMapping and allowListMappingManifest'));
  }
  return errors.map(fieldText);
}

/** For flags without errors. */
export function metricRules(flags: ApiserverFlags): MetricRules {
  const manifest = flags.get('allow-metric-labels-manifest');
  const mapping = flags.given('allow-metric-labels') || manifest === '' ? flags.get('allow-metric-labels') : readManifest(manifest);
  const allowed = new Map<string, Map<string, ReadonlySet<string>>>();
  for (const [key, values] of Object.entries(mapping)) {
    const [metric = '', label = ''] = key.split(',');
    const labels = allowed.get(metric) ?? new Map<string, ReadonlySet<string>>();
    allowed.set(metric, labels.set(label, new Set(values.split(','))));
  }
  return { disabled: [...new Set(flags.get('disabled-metrics'))], allowed, former, showsFormer: flags.get('show-hidden-metrics-for-version') !== '' };
}
