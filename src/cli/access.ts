// A client of this machine's cluster, for the commands that talk to it: reads a kubeconfig of the cluster.
import { createClient, loadKubeconfig, type Client } from '#client';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { httpTransport, type HttpTransportOptions, type Transport } from '#wire';

const lookEveryMs = 5000;

type KubeconfigTls = Awaited<ReturnType<typeof loadKubeconfig>>['tls'];

/** The kubeconfig's certificates and key, as they now are: `skiff certs` writes new ones, and old ones are good for a while only. */
function followedTls(world: World, path: string, first: KubeconfigTls, signal: AbortSignal): () => KubeconfigTls {
  let current = first;
  void every(world.clock, lookEveryMs, signal, async () => {
    try {
      current = (await loadKubeconfig(world, path)).tls;
    } catch (error) {
      // A file that cannot be read is no reason to stop.
      world.log.warn('the kubeconfig cannot be read again', { path, error: errorText(error) });
    }
  });
  return () => current;
}

/**
 * A transport for the kubeconfig at `path`. The caller closes it.
 * @param identity Instead of the kubeconfig's certificate, where it answers one.
 */
export async function transportFor(world: World, path: string, identity?: HttpTransportOptions['identity']): Promise<Transport> {
  const access = await loadKubeconfig(world, path);
  const closed = new AbortController();
  const current = followedTls(world, path, access.tls, closed.signal);
  const own = (): { readonly cert: string; readonly key: string } | undefined => {
    const { cert, key } = current();
    return cert === undefined || key === undefined ? undefined : { cert, key };
  };
  const transport = httpTransport({
    url: access.server,
    clock: world.clock,
    ...access.tls,
    ...(access.tls.ca === undefined ? {} : { ca: () => current().ca ?? '' }),
    insecure: access.tls.insecureSkipVerify,
    identity: () => identity?.() ?? own(),
  });
  return {
    request: (request) => transport.request(request),
    close() {
      closed.abort(new Error('the transport is closed'));
      return transport.close();
    },
  };
}

/** A client for the kubeconfig at `path`. */
export async function clientFor(world: World, path: string, userAgent: string): Promise<Client> {
  return createClient(world, await transportFor(world, path), { userAgent });
}
