// The door of etcd's API server.
export { serveEtcd, type EtcdServer, type EtcdServerConfig } from './server.ts';
