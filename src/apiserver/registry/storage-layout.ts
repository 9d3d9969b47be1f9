// Where objects live in the store: upstream's key layout, so that an etcd written by either program reads the
// same. Most resources are "/registry/<plural>/[<namespace>/]<name>"; a few kept the names of their first
// years, and the two extension resources carry their group.
import { bytesOfText, textOfBytes } from '#base/byte-text.ts';

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

/** The key under a prefix: the store's keys are bytes, a character each, and so is the UTF-8 of a name beyond ASCII. */
export function objectKey(namespaced: boolean, namespace: string, name: string): string {
  return keyOfText(namespaced ? `${namespace}/${name}` : name);
}

export function keyOfText(text: string): string {
  return bytesOfText(text);
}

/** What people read of a key. */
export function textOfKey(key: string): string {
  return textOfBytes(key);
}
