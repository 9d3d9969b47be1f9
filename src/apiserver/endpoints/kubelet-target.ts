// Where a node's kubelet listens, from its Node object: for streams and proxies, and for whoever scrapes it.
import type { Node } from '#api/core/v1.ts';
import type { ConnectTarget } from '../contract.ts';

const kubeletPort = 10250;

/** Addresses before names, which need a resolver that knows them. */
const order = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS'] as const;

/** undefined while the node has no address. */
export function kubeletTarget(nodeName: string, { status }: Pick<Node, 'status'>): ConnectTarget | undefined {
  const addresses = status?.addresses ?? [];
  const found = order.map((type) => addresses.find((address) => address.type === type)).find((address) => address !== undefined);
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  return found === undefined ? undefined : { kind: 'kubelet', nodeName, address: found.address, port: port === 0 ? kubeletPort : port };
}
