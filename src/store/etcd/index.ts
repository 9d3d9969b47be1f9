// The etcd engine's door.
export type { EtcdStoreConfig } from './connection.ts';
export { openEtcdStore } from './etcd-store.ts';
