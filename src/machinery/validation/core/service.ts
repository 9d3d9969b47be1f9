// Services: ports, addresses and families, traffic policies, and what may change once addresses are given.
import type { Service, ServicePort, ServiceSpec } from '#api/core/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, invalidValue, isEnough, key, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsLabel, portNumberErrors } from '../../names.ts';
import { validateLabels } from '../meta/object-meta.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';
import { portProtocols } from './container.ts';
import { checkEndpointIp } from './endpoints.ts';
import { checkCidr, checkIp, checkLabel1123, checkPortOrName, checkQualifiedName, checkRequiredEnum, checkSubdomain } from './fields.ts';
import { checkClusterIps, checkClusterIpsUpdate, checkFamiliesUpdate, isHeadless } from './service-ips.ts';
import { checkLoadBalancerStatus } from './service-status.ts';

const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const hintsAnnotation = 'service.kubernetes.io/topology-aware-hints';
const modeAnnotation = 'service.kubernetes.io/topology-mode';

function checkService(service: Service, old?: Service): FieldError[] {
  const spec: ServiceSpec = service.spec ?? {};
  const annotations = service.metadata?.annotations ?? {};
  const errors: FieldError[] = [];
  const [mode, hints] = [annotations[modeAnnotation], annotations[hintsAnnotation]];
  if (mode !== undefined && hints !== undefined && mode !== hints) {
    errors.push(invalidValue(key('metadata.annotations', modeAnnotation), mode, `must match annotations[${hintsAnnotation}] when both are specified`));
  }
  if ((spec.ports ?? []).length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') errors.push(required('spec.ports', ''));
  errors.push(...checkByType(spec), ...checkPorts(spec));
  errors.push(...validateLabels(spec.selector, 'spec.selector'), ...checkAffinity(spec), ...checkClusterIps(spec, old?.spec));
  const external = new Set(old?.spec?.externalIPs);
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) {
    const at = index('spec.externalIPs', i);
    const found = checkIp(ip, at, external);
    addAll(errors, (found.length > 0 ? found : checkEndpointIp(ip, at)));
  }
  addAll(errors, checkRequiredEnum(spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], 'spec.type'));
  errors.push(...checkPortNumbers(spec), ...checkSourceRanges(service, old));
  const allocates = spec.allocateLoadBalancerNodePorts ?? undefined;
  if (allocates !== undefined && spec.type !== 'LoadBalancer') {
    errors.push(forbiddenField('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"));
  }
  if (allocates === undefined && spec.type === 'LoadBalancer') errors.push(required('allocateLoadBalancerNodePorts', ''));
  return [...errors, ...checkLoadBalancerClass(spec), ...checkTraffic(spec)];
}

function checkByType(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(spec)) {
    errors.push(invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type !== 'ExternalName') return errors;
  const detail = 'may not be set for ExternalName services';
  if ((spec.clusterIPs ?? []).length > 0) errors.push(forbiddenField('spec.clusterIPs', detail));
  if ((spec.ipFamilies ?? []).length > 0) errors.push(forbiddenField('spec.ipFamilies', detail));
  if (spec.ipFamilyPolicy) errors.push(forbiddenField('spec.ipFamilyPolicy', detail));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  addAll(errors, (name === '' ? [required('spec.externalName', '')] : checkSubdomain(name, 'spec.externalName')));
  return errors;
}

function checkPorts(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    if (isEnough(errors)) break;
    const at = index('spec.ports', i);
    const name = port.name ?? '';
    if (name === '') {
      if (ports.length > 1) errors.push(required(child(at, 'name'), ''));
    } else {
      addAll(errors, checkLabel1123(name, child(at, 'name')));
      if (names.has(name)) errors.push(duplicate(child(at, 'name'), name));
      names.add(name);
    }
    for (const message of portNumberErrors(port.port ?? 0)) errors.push(invalidValue(child(at, 'port'), port.port ?? 0, message));
    addAll(errors, checkRequiredEnum(port.protocol, portProtocols, child(at, 'protocol')));
    addAll(errors, checkPortOrName(port.targetPort, child(at, 'targetPort')));
    if (port.appProtocol !== undefined && port.appProtocol !== null) addAll(errors, checkQualifiedName(port.appProtocol, child(at, 'appProtocol')));
  }
  return errors;
}

/** A port as Go prints the internal struct that serves as its key. */
function shownPort(port: ServicePort): unknown {
  return { Name: '', Protocol: port.protocol ?? '', AppProtocol: null, Port: port.port, TargetPort: 0, NodePort: 0 };
}

function checkPortNumbers(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const ports = spec.ports ?? [];
  if (spec.type === 'ClusterIP') {
    for (const [i, port] of ports.entries()) {
      if (port.nodePort) errors.push(forbiddenField(child(index('spec.ports', i), 'nodePort'), "may not be used when `type` is 'ClusterIP'"));
    }
  }
  const nodePorts = new Set<string>();
  for (const [i, port] of ports.entries()) {
    if (isEnough(errors)) break;
    if (!port.nodePort) continue;
    const id = `${port.protocol ?? ''}/${port.nodePort}`;
    if (nodePorts.has(id)) errors.push(duplicate(child(index('spec.ports', i), 'nodePort'), port.nodePort));
    nodePorts.add(id);
  }
  const taken = new Set<string>();
  for (const [i, port] of ports.entries()) {
    if (isEnough(errors)) break;
    const id = `${port.protocol ?? ''}/${port.port}`;
    if (taken.has(id)) errors.push(duplicate(index('spec.ports', i), shownPort(port)));
    taken.add(id);
  }
  return errors;
}

function checkAffinity(spec: ServiceSpec): FieldError[] {
  const errors = checkRequiredEnum(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity');
  const config = spec.sessionAffinityConfig ?? undefined;
  const path = 'spec.sessionAffinityConfig';
  if (spec.sessionAffinity === 'None' && config !== undefined) errors.push(forbiddenField(path, 'must not be set when session affinity is None'));
  if (spec.sessionAffinity !== 'ClientIP') return errors;
  const detail = 'when session affinity type is ClientIP';
  if (config === undefined) return [...errors, required(path, detail)];
  if (!config.clientIP) return [...errors, required(child(path, 'clientIP'), detail)];
  const timeout = config.clientIP.timeoutSeconds ?? undefined;
  const timeoutPath = child(path, 'clientIP', 'timeoutSeconds');
  if (timeout === undefined) errors.push(required(timeoutPath, detail));
  else if (timeout <= 0 || timeout > 86400) errors.push(invalidValue(timeoutPath, timeout, 'must be greater than 0 and less than 86400'));
  return errors;
}

function checkSourceRanges(service: Service, old: Service | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
  const ranges = service.spec?.loadBalancerSourceRanges ?? [];
  const isLoadBalancer = service.spec?.type === 'LoadBalancer';
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges';
    if (!isLoadBalancer) errors.push(forbiddenField(path, onlyLoadBalancer));
    const known = new Set((old?.spec?.loadBalancerSourceRanges ?? []).map((range) => range.trim()));
    for (const [i, range] of ranges.entries()) addAll(errors, checkCidr(range.trim(), index(path, i), known));
    return errors;
  }
  const text = service.metadata?.annotations?.[sourceRangesAnnotation];
  if (text === undefined) return errors;
  const path = key('metadata.annotations', sourceRangesAnnotation);
  if (!isLoadBalancer) errors.push(forbiddenField(path, onlyLoadBalancer));
  if (old?.metadata?.annotations?.[sourceRangesAnnotation] === text || text.trim() === '') return errors;
  for (const range of text.trim().split(',')) addAll(errors, checkCidr(range.trim(), path));
  return errors;
}

function checkLoadBalancerClass(spec: ServiceSpec): FieldError[] {
  const name = spec.loadBalancerClass ?? undefined;
  if (name === undefined) return [];
  if (spec.type === 'LoadBalancer') return checkQualifiedName(name, 'spec.loadBalancerClass');
  return [forbiddenField('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'")];
}

function isExternal(spec: ServiceSpec): boolean {
  return spec.type === 'LoadBalancer' || spec.type === 'NodePort' || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
}

function needsHealthCheck(spec: ServiceSpec): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];

function checkTraffic(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const policy = spec.externalTrafficPolicy ?? '';
  if (isExternal(spec)) addAll(errors, checkRequiredEnum(policy, ['Cluster', 'Local'], 'spec.externalTrafficPolicy'));
  else if (policy !== '') errors.push(invalidValue('spec.externalTrafficPolicy', policy, 'may only be set for externally-accessible services'));
  const healthPort = spec.healthCheckNodePort ?? 0;
  const healthPath = 'spec.healthCheckNodePort';
  if (!needsHealthCheck(spec)) {
    if (healthPort !== 0) errors.push(invalidValue(healthPath, healthPort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  } else if (healthPort === 0) {
    errors.push(required(healthPath, ''));
  } else {
    for (const message of portNumberErrors(healthPort)) errors.push(invalidValue(healthPath, healthPort, message));
  }
  const internal = spec.internalTrafficPolicy ?? undefined;
  if (internal === undefined) {
    if (['NodePort', 'LoadBalancer', 'ClusterIP'].includes(spec.type ?? '')) errors.push(required('spec.internalTrafficPolicy', ''));
  } else if (!['Cluster', 'Local'].includes(internal)) {
    errors.push(notSupported('spec.internalTrafficPolicy', internal, ['Cluster', 'Local']));
  }
  const distribution = spec.trafficDistribution ?? undefined;
  if (distribution !== undefined && !distributions.includes(distribution)) errors.push(notSupported('spec.trafficDistribution', distribution, distributions));
  return errors;
}

function checkUpdate(service: Service, old: Service): FieldError[] {
  const spec: ServiceSpec = service.spec ?? {};
  const before: ServiceSpec = old.spec ?? {};
  const errors = [...checkMetaUpdate(service.metadata, old.metadata), ...checkClusterIpsUpdate(spec, before), ...checkFamiliesUpdate(spec, before)];
  const bothLoadBalancers = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  if (bothLoadBalancers && (spec.loadBalancerClass ?? null) !== (before.loadBalancerClass ?? null)) {
    errors.push(invalidValue('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  }
  addAll(errors, checkLoadBalancerClass(spec));
  if (needsHealthCheck(spec) && needsHealthCheck(before) && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.push(forbiddenField('spec.healthCheckNodePort', 'field is immutable'));
  }
  return [...errors, ...checkService(service, old)];
}

export const service = kind<Service>({
  create: (object) => [...checkMeta(object.metadata, true, nameIsLabel), ...checkService(object)],
  update: checkUpdate,
  subresources: {
    status: (object, old) => [
      ...checkMetaUpdate(object.metadata, old.metadata),
      ...checkLoadBalancerStatus(object.status?.loadBalancer, old.status?.loadBalancer, 'status.loadBalancer', object.spec?.type === 'LoadBalancer'),
    ],
  },
});

