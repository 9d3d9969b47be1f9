// Where objects live in the store: upstream's key layout, so that an etcd written by either program reads the
// same. Most resources are "/registry/<plural>/[<namespace>/]<name>"; a few kept the names of their first
// years, and the two extension resources carry their group.

const root = '/registry/';

const special: Readonly<Record<string, string>> = {
  '/replicationcontrollers': 'controllers',
  '/endpoints': 'services/endpoints',
  '/nodes': 'minions',
  '/services': 'services/specs',
  'networking.k8s.io/ingresses': 'ingress',
  'apiregistration.k8s.io/apiservices': 'apiregistration.k8s.io/apiservices',
  'apiextensions.k8s.io/customresourcedefinitions': 'apiextensions.k8s.io/customresourcedefinitions',
};

/** The prefix of a built-in resource's keys, with a slash at the end. */
export function storagePrefix(group: string, plural: string): string {
  return `${root}${special[`${group}/${plural}`] ?? plural}/`;
}

/** The key under a prefix. */
export function objectKey(namespaced: boolean, namespace: string, name: string): string {
  return namespaced ? `${namespace}/${name}` : name;
}
