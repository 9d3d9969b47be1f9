// Which API group a schema package belongs to ("rbac.v1.Role" → rbac.authorization.k8s.io), for types that
// are resources and for those that only travel (options, reviews, subresources).
import { findType } from '#api/schema.ts';
import { allResources, findKind } from '#api/resources.ts';

const packageGroups = new Map<string, string>([
  ['core', ''], ['meta', ''], ['admission', 'admission.k8s.io'], ['apidiscovery', 'apidiscovery.k8s.io'], ['imagepolicy', 'imagepolicy.k8s.io'],
  ['audit', 'audit.k8s.io'], ['apiserver', 'apiserver.config.k8s.io'], ['clientauthentication', 'client.authentication.k8s.io'],
  ['podsecurity', 'pod-security.admission.config.k8s.io'], ['eventratelimit', 'eventratelimit.admission.k8s.io'],
]);
for (const { type, group } of allResources) if (type !== undefined) packageGroups.set(type.slice(0, type.indexOf('.')), group);
const groupPackages = new Map([...packageGroups].filter(([pkg]) => pkg !== 'meta').map(([pkg, group]) => [group, pkg]));
// The group that configuration kinds had first.
groupPackages.set('apiserver.k8s.io', 'apiserver');

/** Asked twice for every body. */
const gvks = new Map<string, GroupVersionKind>();

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** "apps.v1.Deployment" → apps, v1, Deployment. */
export function gvkOfType(type: string): GroupVersionKind {
  let known = gvks.get(type);
  if (known === undefined) {
    const [pkg = '', version = '', kind = ''] = type.split('.');
    known = { group: packageGroups.get(pkg) ?? pkg, version, kind };
    // Types are the schema's; a name from elsewhere is not kept.
    if (findType(type) !== undefined) gvks.set(type, known);
  }
  return known;
}

/** "apps/v1" and "Deployment" → "apps.v1.Deployment"; undefined for a kind that is not built in. */
export function typeOfGvk(group: string, version: string, kind: string): string | undefined {
  const resource = findKind(group, version, kind);
  if (resource?.type !== undefined) return resource.type;
  const pkg = groupPackages.get(group);
  const own = pkg === undefined ? undefined : `${pkg}.${version}.${kind}`;
  if (own !== undefined && findType(own)?.isObject === true) return own;
  const meta = `meta.v1.${kind}`;
  return findType(meta)?.isObject === true ? meta : undefined;
}

/** "apps/v1" → group and version; "v1" is core. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? { group: '', version: apiVersion } : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** "apps" and "v1" → "apps/v1". */
export function formatApiVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}
