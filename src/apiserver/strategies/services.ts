// Services: status apart, and fields that lose their meaning when the type changes. What the server assigns
// (addresses, ports) is in allocation/.
import type { Service } from '#api/core/v1.ts';
import { ipWarnings } from '#machinery';
import type { Stored } from '../registry/strategy.ts';
import { assignField, define, selectable } from './strategy-table.ts';
import { serviceWarnings } from './warnings/services.ts';

type ServiceObject = Stored<Service>;

/** Also of a type that does not exist: addresses are looked at before validation looks at the type. */
export function needsClusterIp(service: ServiceObject): boolean {
  return service.spec?.type !== 'ExternalName';
}

export function needsNodePort(service: ServiceObject): boolean {
  const { type, allocateLoadBalancerNodePorts } = service.spec ?? {};
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
}

export function needsHealthCheckPort(service: ServiceObject): boolean {
  return service.spec?.type === 'LoadBalancer' && service.spec.externalTrafficPolicy === 'Local';
}

/** A balanced Service keeps ports that it has been given, whether it gets new ones or not. */
export function mayHaveNodePort(service: ServiceObject): boolean {
  return service.spec?.type === 'NodePort' || service.spec?.type === 'LoadBalancer';
}

/** No port that the old one did not have. */
function addsNoNodePort(old: ServiceObject, service: ServiceObject): boolean {
  const known = new Set((old.spec?.ports ?? []).map((port) => port.nodePort ?? 0));
  return (service.spec?.ports ?? []).every(({ nodePort = 0 }) => nodePort === 0 || known.has(nodePort));
}

/** Older versions gave it to every Service: it is taken where it means nothing, and not shown. */
function dropInternalTrafficPolicy({ spec }: ServiceObject): void {
  if (spec?.type === 'ExternalName' && (spec.internalTrafficPolicy === 'Cluster' || spec.internalTrafficPolicy === 'Local')) delete spec.internalTrafficPolicy;
}

/** What the client left as it was, although the new type has no use for it, goes. */
function dropUseless(object: Stored, before: Stored): void {
  const service = object as ServiceObject;
  const old = before as ServiceObject;
  const { spec } = service;
  if (spec === undefined || old.spec === undefined) return;
  if (needsClusterIp(old) && !needsClusterIp(service)) {
    if ((spec.clusterIP ?? '') === (old.spec.clusterIP ?? '') && JSON.stringify(spec.clusterIPs ?? []) === JSON.stringify(old.spec.clusterIPs ?? [])) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (spec.ipFamilies !== undefined && JSON.stringify(spec.ipFamilies) === JSON.stringify(old.spec.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === old.spec.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (mayHaveNodePort(old) && !mayHaveNodePort(service) && addsNoNodePort(old, service)) for (const port of spec.ports ?? []) delete port.nodePort;
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(service) && spec.healthCheckNodePort === old.spec.healthCheckNodePort) delete spec.healthCheckNodePort;
  const wasBalanced = old.spec.type === 'LoadBalancer' && spec.type !== 'LoadBalancer';
  if (wasBalanced && spec.allocateLoadBalancerNodePorts === old.spec.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
  if (wasBalanced && spec.loadBalancerClass === old.spec.loadBalancerClass) delete spec.loadBalancerClass;
  const external = (s: ServiceObject): boolean => s.spec?.type === 'NodePort' || s.spec?.type === 'LoadBalancer' || (s.spec?.externalIPs?.length ?? 0) > 0;
  if (external(old) && !external(service) && spec.externalTrafficPolicy === old.spec.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
}

export const services = define(selectable(['spec.clusterIP', 'spec.type']), {
  createOnUpdate: true,
  returnsDeleted: true,
  prepareCreate(object) {
    object.status = { loadBalancer: {} };
    dropInternalTrafficPolicy(object as ServiceObject);
  },
  prepareUpdate(object, old) {
    assignField(object, 'status', old.status);
    dropUseless(object, old);
    dropInternalTrafficPolicy(object as ServiceObject);
  },
  warnings: (object) => serviceWarnings(object as ServiceObject),
  subresources: {
    status: {
      prepare: (object, old) => assignField(object, 'spec', old.spec),
      warnings: (object) => ((object as ServiceObject).status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, i) => (ip ? ipWarnings(ip, `status.loadBalancer.ingress[${i}]`) : [])),
    },
  },
});
