// Services of old, as they are read: a server before dual-stack wrote one clusterIP and no families, and one before that
// gave a traffic policy to Services that have none. Everybody sees them complete, the rules for updates too (upstream:
// defaultOnReadService, KEP-563). What says all that it has to is left alone.
import type { Service } from '#api/core/v1.ts';
import type { KubeObject } from '../contract.ts';
import { familyOf, otherFamily, type Family } from './service-families.ts';

type Spec = NonNullable<Service['spec']>;

/** @param serviceCidr The service ranges, the main one first. */
export function serviceCompletion(serviceCidr: string): (service: KubeObject) => boolean {
  const [main = ''] = serviceCidr.split(',');
  const family = familyOf(main);
  return ({ spec }) => spec !== undefined && complete(spec as Spec, family);
}

function complete(spec: Spec, family: Family): boolean {
  const { clusterIP = '', clusterIPs = [] } = spec;
  const isSingular = clusterIP !== '' && clusterIPs.length === 0;
  if (isSingular) spec.clusterIPs = [clusterIP];
  if (spec.type === 'ExternalName') {
    const hasPolicy = spec.internalTrafficPolicy !== undefined;
    delete spec.internalTrafficPolicy;
    return isSingular || hasPolicy;
  }
  if ((spec.ipFamilies ?? []).length > 0) return isSingular;
  if (clusterIP === 'None') {
    // Nobody knows of which family the endpoints are that somebody else writes: they may be of both.
    const openly = Object.keys(spec.selector ?? {}).length === 0;
    spec.ipFamilies = openly ? [family, otherFamily(family)] : [family];
  } else {
    const families = (spec.clusterIPs ?? []).map(familyOf);
    if (families.length === 0) return isSingular;
    spec.ipFamilies = families;
  }
  spec.ipFamilyPolicy = spec.ipFamilies.length === 1 ? 'SingleStack' : 'RequireDualStack';
  return true;
}
