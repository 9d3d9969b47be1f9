// APIServices (kube-aggregator): the name says version and group, priorities have bounds, and a local one has
// nothing to trust.
import type { APIService, APIServiceSpec, APIServiceStatus } from '#api/apiregistration/v1.ts';
import { goQuote, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors, nameIsPathSegment, portNumberErrors } from '../../names.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';

const highestGroupPriority = 20_000;
const highestVersionPriority = 1000;

function checkName(object: APIService): (name: string) => string[] {
  const wanted = `${object.spec?.version ?? ''}.${object.spec?.group ?? ''}`;
  return (name) => {
    const plain = nameIsPathSegment(name, false);
    if (plain.length > 0) return [...plain];
    return name === wanted ? [] : [`must be \`spec.version+"."+spec.group\`: ${goQuote(wanted)}`];
  };
}

function checkService(spec: APIServiceSpec): FieldError[] {
  const { service } = spec;
  const errors: FieldError[] = [];
  if (service === undefined || service === null) {
    const bytes = Buffer.from(spec.caBundle ?? '', 'base64').length;
    if (bytes > 0) errors.push(invalidValue('spec.caBundle', `${bytes} bytes`, 'local APIServices may not have a caBundle'));
    if (spec.insecureSkipTLSVerify === true) errors.push(invalidValue('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
    return errors;
  }
  if ((service.namespace ?? '') === '') errors.push(required('spec.service.namespace', ''));
  if ((service.name ?? '') === '') errors.push(required('spec.service.name', ''));
  const wrong = portNumberErrors(service.port ?? 0);
  if (wrong.length > 0) errors.push(invalidValue('spec.service.port', service.port ?? 0, `port is not valid: ${wrong.join(', ')}`));
  if (spec.insecureSkipTLSVerify === true && (spec.caBundle ?? '') !== '') errors.push(invalidValue('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  return errors;
}

function checkSpec(object: APIService): FieldError[] {
  const { spec = { groupPriorityMinimum: 0, versionPriority: 0 } } = object;
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec;
  const errors: FieldError[] = [];
  if (group === '' && version !== 'v1') errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  if (group !== '') for (const text of dns1123SubdomainErrors(group)) errors.push(invalidValue('spec.group', group, text));
  for (const text of dns1035LabelErrors(version)) errors.push(invalidValue('spec.version', version, text));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > highestGroupPriority) errors.push(invalidValue('spec.groupPriorityMinimum', groupPriorityMinimum, 'must be positive and less than 20000'));
  if (versionPriority <= 0 || versionPriority > highestVersionPriority) errors.push(invalidValue('spec.versionPriority', versionPriority, 'must be positive and less than 1000'));
  return [...errors, ...checkService(spec)];
}

function checkStatus(status: APIServiceStatus | undefined): FieldError[] {
  const known = ['True', 'False', 'Unknown'];
  return (status?.conditions ?? []).flatMap((condition, at) => (known.includes(condition.status) ? [] : [notSupported(`status.conditions[${at}].status`, condition.status, known)]));
}

export const apiService = kind<APIService>({
  create: (object) => [...checkMeta(object.metadata, false, checkName(object)), ...checkSpec(object)],
  update: (object, old) => [...checkMetaUpdate(object.metadata, old.metadata), ...checkMeta(object.metadata, false, checkName(object)), ...checkSpec(object)],
  subresources: { status: (object, old) => [...checkMetaUpdate(object.metadata, old.metadata), ...checkStatus(object.status)] },
});
