// Ingresses and IngressClasses (pkg/apis/networking/validation).
import { isIP } from 'node:net';
import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass, IngressClassParametersReference, IngressRule, IngressSpec, IngressTLS } from '#api/networking/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { dns1123SubdomainErrors, nameIsLabel, nameIsSubdomain, portNameErrors, portNumberErrors, wildcardSubdomainErrors } from '../../names.ts';
import { checkDomainPath, checkIp, checkPathSegment, checkSubdomain } from '../core/fields.ts';
import { immutable } from '../meta/object-meta.ts';
import { checkMeta, standard } from '../validator.ts';

const classAnnotation = 'kubernetes.io/ingress.class';
const invalidSequences = ['//', '/./', '/../', '%2f', '%2F'];
const invalidSuffixes = ['/..', '/.'];
const longestController = 250;

interface Kept {
  readonly secretNames: boolean;
  readonly wildcardRules: boolean;
}

const nothingKept: Kept = { secretNames: false, wildcardRules: false };

interface Reference {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
}

function checkReference(ref: Reference, path: string): FieldError[] {
  const group = ref.apiGroup ?? undefined;
  return [
    ...(group === undefined ? [] : checkSubdomain(group, child(path, 'apiGroup'))),
    ...checkPathSegment(ref.kind, child(path, 'kind')),
    ...checkPathSegment(ref.name, child(path, 'name')),
  ];
}

function checkBackend(backend: IngressBackend | undefined, path: string): FieldError[] {
  const { resource, service } = backend ?? {};
  if (resource && service) return [invalidValue(path, '', 'cannot set both resource and service backends')];
  if (resource) return checkReference(resource, child(path, 'resource'));
  if (!service) return [invalidValue(path, '', 'resource or service backend is required')];
  const errors: FieldError[] = [];
  const namePath = child(path, 'service', 'name');
  const portPath = child(path, 'service', 'port');
  if (!service.name) errors.push(required(namePath, ''));
  else for (const message of nameIsLabel(service.name, false)) errors.push(invalidValue(namePath, service.name, message));
  const { name = '', number = 0 } = service.port ?? {};
  if (name !== '' && number !== 0) errors.push(invalidValue(path, '', 'cannot set both port name & port number'));
  else if (name !== '') for (const message of portNameErrors(name)) errors.push(invalidValue(child(portPath, 'name'), name, message));
  else if (number !== 0) for (const message of portNumberErrors(number)) errors.push(invalidValue(child(portPath, 'number'), number, message));
  else errors.push(required(path, 'port name or number is required'));
  return errors;
}

function checkPath(entry: HTTPIngressPath, at: string): FieldError[] {
  const { path = '', pathType } = entry;
  const pathPath = child(at, 'path');
  if (pathType === undefined || pathType === null) return [required(child(at, 'pathType'), 'pathType must be specified')];
  const errors: FieldError[] = [];
  const absolute = (): void => {
    if (!path.startsWith('/')) errors.push(invalidValue(pathPath, path, 'must be an absolute path'));
  };
  if (pathType === 'Exact' || pathType === 'Prefix') {
    absolute();
    for (const part of invalidSequences) if (path.includes(part)) errors.push(invalidValue(pathPath, path, `must not contain '${part}'`));
    for (const end of invalidSuffixes) if (path.endsWith(end)) errors.push(invalidValue(pathPath, path, `cannot end with '${end}'`));
  } else if (pathType === 'ImplementationSpecific') {
    if (path !== '') absolute();
  } else {
    errors.push(notSupported(child(at, 'pathType'), pathType, ['Exact', 'ImplementationSpecific', 'Prefix']));
  }
  return [...errors, ...checkBackend(entry.backend, child(at, 'backend'))];
}

function checkRuleValue(rule: IngressRule, at: string): FieldError[] {
  if (!rule.http) return [];
  const path = child(at, 'http', 'paths');
  const paths = rule.http.paths ?? [];
  if (paths.length === 0) return [required(path, '')];
  return paths.flatMap((entry, i) => checkPath(entry, index(path, i)));
}

function checkHost(host: string, path: string): FieldError[] {
  const messages = host.includes('*') ? wildcardSubdomainErrors(host) : dns1123SubdomainErrors(host);
  return messages.map((message) => invalidValue(path, host, message));
}

function checkRule(rule: IngressRule, at: string, kept: Kept): FieldError[] {
  const errors: FieldError[] = [];
  const host = rule.host ?? '';
  if (isIP(host) !== 0) errors.push(invalidValue(child(at, 'host'), host, 'must be a DNS name, not an IP address'));
  if (host !== '') addAll(errors, checkHost(host, child(at, 'host')));
  return host.includes('*') && kept.wildcardRules ? errors : [...errors, ...checkRuleValue(rule, at)];
}

function secretNameErrors(tls: IngressTLS): string[] {
  return tls.secretName ? nameIsSubdomain(tls.secretName, false) : [];
}

function checkTls(tls: IngressTLS, at: string, kept: Kept): FieldError[] {
  const errors = (tls.hosts ?? []).flatMap((host, i) => checkHost(host, index(child(at, 'hosts'), i)));
  if (kept.secretNames) return errors;
  return [...errors, ...secretNameErrors(tls).map((message) => invalidValue(child(at, 'secretName'), tls.secretName, message))];
}

function checkSpec(spec: IngressSpec | undefined, kept: Kept): FieldError[] {
  const errors: FieldError[] = [];
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec ?? {};
  if (rules.length === 0 && !defaultBackend) errors.push(invalidValue('spec', spec?.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  if (defaultBackend) addAll(errors, checkBackend(defaultBackend, 'spec.defaultBackend'));
  for (const [i, rule] of rules.entries()) addAll(errors, checkRule(rule, index('spec.rules', i), kept));
  for (const [i, entry] of tls.entries()) addAll(errors, checkTls(entry, index('spec.tls', i), kept));
  if (ingressClassName !== undefined && ingressClassName !== null) {
    for (const message of nameIsSubdomain(ingressClassName, false)) errors.push(invalidValue('spec.ingressClassName', ingressClassName, message));
  }
  return errors;
}

function checkIngressClassAnnotation(object: Ingress): FieldError[] {
  const annotation = object.metadata?.annotations?.[classAnnotation];
  const name = object.spec?.ingressClassName;
  if (annotation === undefined || name === undefined || name === null || annotation === name) return [];
  return [invalidValue(`annotations.${classAnnotation}`, annotation, 'must match `ingressClassName` when both are specified')];
}

function keptFrom(old: Ingress): Kept {
  return {
    secretNames: (old.spec?.tls ?? []).some((tls) => secretNameErrors(tls).length > 0),
    wildcardRules: (old.spec?.rules ?? []).some((rule) => rule.host?.includes('*') === true && checkRuleValue(rule, '').length > 0),
  };
}

function checkStatus(object: Ingress, old: Ingress): FieldError[] {
  const known = new Set((old.status?.loadBalancer?.ingress ?? []).map((entry) => entry.ip ?? '').filter((ip) => ip !== ''));
  return (object.status?.loadBalancer?.ingress ?? []).flatMap((entry, i) => {
    const at = index('status.loadBalancer.ingress', i);
    const errors: FieldError[] = [];
    if (entry.ip) addAll(errors, checkIp(entry.ip, child(at, 'ip'), known));
    const hostname = entry.hostname ?? '';
    if (hostname !== '') addAll(errors, checkSubdomain(hostname, child(at, 'hostname')));
    if (isIP(hostname) !== 0) errors.push(invalidValue(child(at, 'hostname'), hostname, 'must be a DNS name, not an IP address'));
    return errors;
  });
}

export const ingress = standard<Ingress>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => [...checkSpec(object.spec, nothingKept), ...checkIngressClassAnnotation(object)],
  update: (object, old) => [...checkMeta(object.metadata, true, nameIsSubdomain), ...checkSpec(object.spec, keptFrom(old))],
  status: checkStatus,
});

function checkParameters(parameters: IngressClassParametersReference, path: string): FieldError[] {
  const errors = checkReference(parameters, path);
  const namespacePath = child(path, 'namespace');
  const scope = parameters.scope ?? undefined;
  const namespace = parameters.namespace ?? undefined;
  if (scope === undefined) errors.push(required(child(path, 'scope'), ''));
  else if (scope !== 'Cluster' && scope !== 'Namespace') errors.push(notSupported(child(path, 'scope'), scope, ['Cluster', 'Namespace']));
  else if (scope === 'Cluster') {
    if (namespace !== undefined) errors.push(forbiddenField(namespacePath, "`parameters.scope` is set to 'Cluster'"));
  } else if (namespace === undefined) {
    errors.push(required(namespacePath, "`parameters.scope` is set to 'Namespace'"));
  } else {
    for (const message of nameIsLabel(namespace, false)) errors.push(invalidValue(namespacePath, namespace, message));
  }
  return errors;
}

function checkClassSpec(object: IngressClass): FieldError[] {
  const controller = object.spec?.controller ?? '';
  const errors: FieldError[] = [];
  if (Buffer.byteLength(controller) > longestController) errors.push(tooLong('spec.controller', '', longestController));
  addAll(errors, checkDomainPath(controller, 'spec.controller'));
  return object.spec?.parameters ? [...errors, ...checkParameters(object.spec.parameters, 'spec.parameters')] : errors;
}

export const ingressClass = standard<IngressClass>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: checkClassSpec,
  update: (object, old) => [
    ...immutable(object.spec?.controller ?? '', old.spec?.controller ?? '', 'spec.controller'),
    ...checkMeta(object.metadata, false, nameIsSubdomain),
    ...checkClassSpec(object),
  ],
});
