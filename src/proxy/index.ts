// The proxy room's door.
export { startProxy, type Proxy, type ProxyConfig } from './proxier.ts';
export { tableName } from './rules.ts';
