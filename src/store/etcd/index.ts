// The door of the etcd engine.
export type { EtcdStoreConfig } from './connection.ts';
export { openEtcdStore } from './etcd-store.ts';
export { etcdApi } from './schema.ts';
export { defragmentEtcd, endFill, fillEtcd, NotEmptyError, type Filled, type FillOptions } from './fill.ts';
export { openEtcdImage } from './image.ts';
