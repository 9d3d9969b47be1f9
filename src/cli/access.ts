// A client of this machine's cluster, for the commands that talk to it: reads a kubeconfig of the cluster.
import { createClient, loadKubeconfig, type Client } from '#client';
import type { World } from '#base/world.ts';
import { httpTransport, type HttpTransportOptions, type Transport } from '#wire';

/**
 * A transport for the kubeconfig at `path`. The caller closes it.
 * @param identity Instead of the kubeconfig's certificate, where it answers one.
 */
export async function transportFor(world: World, path: string, identity?: HttpTransportOptions['identity']): Promise<Transport> {
  const access = await loadKubeconfig(world, path);
  return httpTransport({
    url: access.server,
    clock: world.clock,
    ...access.tls,
    insecure: access.tls.insecureSkipVerify,
    ...(identity === undefined ? {} : { identity }),
  });
}

/** A client for the kubeconfig at `path`. */
export async function clientFor(world: World, path: string, userAgent: string): Promise<Client> {
  return createClient(world, await transportFor(world, path), { userAgent });
}
