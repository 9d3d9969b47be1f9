// What is left of dynamic kubelet configuration, which nodes stored long ago may still have, and the features that
// a kubelet declares (KEP-5328).
import type { ConfigMapNodeConfigSource, NodeConfigSource, NodeConfigStatus } from '#api/core/v1.ts';
import { child, duplicate, forbiddenField, goQuote, index, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { configKeyErrors, nameIsLabel, nameIsSubdomain } from '../../names.ts';
import { goStruct } from '../go-struct.ts';

function checkConfigMap(source: ConfigMapNodeConfigSource, path: string, inStatus: boolean): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['uid', 'resourceVersion'] as const) {
    const isSet = (source[field] ?? '') !== '';
    if (inStatus && !isSet) errors.push(required(child(path, field), ''));
    if (!inStatus && isSet) errors.push(forbiddenField(child(path, field), `${field} must not be set in spec`));
  }
  const rules = { namespace: (text: string) => nameIsLabel(text, false), name: (text: string) => nameIsSubdomain(text, false), kubeletConfigKey: configKeyErrors };
  for (const [field, rule] of Object.entries(rules) as [keyof typeof rules, (text: string) => string[]][]) {
    const text = source[field] ?? '';
    if (text === '') errors.push(required(child(path, field), ''));
    else for (const message of rule(text)) errors.push(invalidValue(child(path, field), text, message));
  }
  return errors;
}

export function checkConfigSource(source: NodeConfigSource | undefined, path: string, inStatus = false): FieldError[] {
  if (!source) return [];
  if (source.configMap) return checkConfigMap(source.configMap, child(path, 'configMap'), inStatus);
  return [invalidValue(path, goStruct('core.v1.NodeConfigSource', source), 'exactly one reference subfield must be non-nil')];
}

export function checkConfigStatus(status: NodeConfigStatus | undefined): FieldError[] {
  return (['assigned', 'active', 'lastKnownGood'] as const).flatMap((field) => checkConfigSource(status?.[field], child('status.config', field), true));
}

const featureName = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z0-9]+)*$/;

export function checkDeclaredFeatures(features: readonly string[] | undefined): FieldError[] {
  const path = 'status.declaredFeatures';
  return (features ?? []).flatMap((feature, i) => {
    const errors: FieldError[] = [];
    const next = features?.[i + 1];
    if (!featureName.test(feature)) {
      const detail = `invalid feature name ${goQuote(feature)}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`;
      errors.push(invalidValue(index(path, i), feature, detail));
    }
    if (next === feature) errors.push(duplicate(index(path, i + 1), next));
    else if (next !== undefined && Buffer.compare(Buffer.from(feature), Buffer.from(next)) > 0) errors.push(invalidValue(index(path, i + 1), next, 'list must be sorted alphabetically'));
    return errors;
  });
}
