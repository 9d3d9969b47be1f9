// The door of the etcd engine.
export type { EtcdStoreConfig } from './connection.ts';
export { openEtcdStore } from './etcd-store.ts';
export { etcdApi } from './schema.ts';
