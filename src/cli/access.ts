// A client of this machine's cluster, for the commands that talk to it: reads a kubeconfig of the cluster.
import { createClient, loadKubeconfig, type Client } from '#client';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { httpTransport, type HttpTransportOptions, type Transport } from '#wire';

const lookEveryMs = 5000;

/** The kubeconfig's certificate and key, as they now are: `skiff certs renew` writes new ones. */
function followedIdentity(world: World, path: string, first: { readonly cert?: string; readonly key?: string }): () => { readonly cert: string; readonly key: string } | undefined {
  let pair = first;
  let lookedAt = world.clock.monotonic();
  return () => {
    if (world.clock.monotonic() - lookedAt > lookEveryMs) {
      lookedAt = world.clock.monotonic();
      // The request in hand goes out under the certificate there is; a file that cannot be read is no reason to stop.
      void loadKubeconfig(world, path).then(({ tls }) => {
        if (tls.cert !== pair.cert) pair = tls;
      }, (error: unknown) => world.log.warn('the kubeconfig cannot be read again', { path, error: errorText(error) }));
    }
    return pair.cert === undefined || pair.key === undefined ? undefined : { cert: pair.cert, key: pair.key };
  };
}

/**
 * A transport for the kubeconfig at `path`. The caller closes it.
 * @param identity Instead of the kubeconfig's certificate, where it answers one.
 */
export async function transportFor(world: World, path: string, identity?: HttpTransportOptions['identity']): Promise<Transport> {
  const access = await loadKubeconfig(world, path);
  const current = followedIdentity(world, path, access.tls);
  return httpTransport({
    url: access.server,
    clock: world.clock,
    ...access.tls,
    insecure: access.tls.insecureSkipVerify,
    identity: () => identity?.() ?? current(),
  });
}

/** A client for the kubeconfig at `path`. */
export async function clientFor(world: World, path: string, userAgent: string): Promise<Client> {
  return createClient(world, await transportFor(world, path), { userAgent });
}
