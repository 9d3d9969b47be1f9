// The DNS room's door.
export { createForwarder, resolversOf, type Forwarder, type Upstream } from './forwarder.ts';
export { informerView } from './informer-view.ts';
export { createResponder, serveDns, type DnsServer, type DnsServerConfig } from './server.ts';
export { createZone, type DnsRecord, type Zone, type ZoneAnswer, type ZoneConfig, type ZoneView } from './zone.ts';
