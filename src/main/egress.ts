// The ways out of the API server program, from --egress-selector-config-file: dialers for the parts that call others, and
// relays for the store's client, which opens its sockets itself.
import { tmpdir } from 'node:os';
import { openEgressSelector, type Egress } from '#apiserver';
import { errorText } from '#base/errors.ts';
import { UserError } from '#cli';
import type { World } from '#base/world.ts';
import { openRelay, type Dial, type Relay, type SocketAddress } from '#wire';
import type { ApiserverFlags } from './apiserver-flags.ts';
import { followFiles } from './followed-files.ts';

export interface ProgramEgress {
  /** What connections are opened with; empty where nothing is configured. */
  readonly egress: Egress;
  readonly etcd: Dial | undefined;
  /** For an OpenID provider whose configuration names a way out. Throws an Error when there is none of that name. */
  forIssuer(name: string): Dial | undefined;
}

const direct: ProgramEgress = {
  egress: {},
  etcd: undefined,
  forIssuer(name) {
    if (name === '') return undefined;
    throw new Error(`oidc: egress lookup required with egress selector type ${JSON.stringify(name)}`);
  },
};

/** Follows the certificates until `signal` aborts. Throws UserError for a bad file. */
export function programEgress(world: World, flags: ApiserverFlags, signal: AbortSignal): ProgramEgress {
  const path = flags.get('egress-selector-config-file');
  if (path === '') return direct;
  try {
    const selector = openEgressSelector(world, path);
    followFiles(world, selector.files, signal, () => selector.reload());
    const [cluster, controlPlane] = [selector.dial('cluster'), selector.dial('controlplane')];
    return {
      egress: { ...(cluster === undefined ? {} : { cluster }), ...(controlPlane === undefined ? {} : { controlPlane }) },
      etcd: selector.dial('etcd'),
      forIssuer(name) {
        if (name !== 'controlplane' && name !== 'cluster') return undefined;
        const way = selector.lookUp(name);
        if (way === undefined) throw new Error(`oidc: egress lookup for ${JSON.stringify(name)} is not configured`);
        return way === 'direct' ? undefined : way;
      },
    };
  } catch (error) {
    throw new UserError(errorText(error), 'see EgressSelectorConfiguration, apiserver.k8s.io/v1beta1');
  }
}

export interface RelayedEndpoint {
  /** "unix:/tmp/…" */
  readonly endpoint: string;
  /** The name that the server's certificate is for; absent without TLS. */
  readonly serverName?: string;
}

export interface Relays {
  readonly endpoints: readonly RelayedEndpoint[];
  close(): Promise<void>;
}

/** A socket on this machine for each etcd endpoint, whose connections go through `dial`. */
export async function relayEndpoints(world: World, dial: Dial, endpoints: readonly string[], secure: boolean): Promise<Relays> {
  const relays: Relay[] = [];
  const made: RelayedEndpoint[] = [];
  for (const endpoint of endpoints) {
    const [, scheme, address] = /^(?:(https?|etcd):\/\/)?([^/]+)\/?$/.exec(endpoint) ?? [];
    if (address === undefined || endpoint.startsWith('unix:')) {
      made.push({ endpoint });
      continue;
    }
    const target = socketAddress(address);
    const relay = await openRelay(tmpdir(), dial, target, (error) => world.log.warn('etcd cannot be reached through the egress proxy', { endpoint, error: errorText(error) }));
    relays.push(relay);
    made.push({ endpoint: `unix:${relay.socketPath}`, ...(scheme === 'https' || (scheme !== 'http' && secure) ? { serverName: target.host } : {}) });
  }
  return { endpoints: made, close: async () => void (await Promise.allSettled(relays.map((relay) => relay.close()))) };
}

function socketAddress(text: string): SocketAddress {
  const url = new URL(`tcp://${text}`);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 2379 : Number(url.port) };
}
