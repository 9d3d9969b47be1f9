// Clients that speak as service accounts of kube-system, as each controller does: the program's own certificate asks
// for a short-lived token by TokenRequest, and a fresh one when four fifths of its life are over.
import type { TokenRequest } from '#api/authentication/v1.ts';
import type { ServiceAccount } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { createClient, type Client } from '#client';
import { isAlreadyExists, isNotFound } from '#machinery';
import type { Transport } from '#wire';

const namespace = 'kube-system';
const lifeSeconds = 3600;

interface Held {
  readonly token: string;
  readonly renewAtMs: number;
}

/**
 * @param program the program's own client, for asking.
 * @param plain a transport to the same server without a client certificate: a certificate would win over the token.
 */
export function serviceAccountClients(world: World, program: Client, plain: Transport): (account: string) => Client {
  const accounts = program.resource<ServiceAccount>('serviceaccounts').in(namespace);
  const ask = async (account: string): Promise<Held> => {
    const request = (): Promise<TokenRequest> =>
      accounts.createSub<TokenRequest>(account, 'token', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: { expirationSeconds: lifeSeconds } });
    const answer = await request().catch(async (error: unknown) => {
      if (!isNotFound(error)) throw error;
      await accounts.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } }).catch((problem: unknown) => {
        if (!isAlreadyExists(problem)) throw problem;
      });
      return request();
    });
    const now = world.clock.now();
    const expires = parseTime(answer.status?.expirationTimestamp);
    return { token: answer.status?.token ?? '', renewAtMs: now + (expires - now) * 0.8 };
  };
  return (account) => {
    let held: Promise<Held> | undefined;
    const token = async (): Promise<string> => {
      held ??= ask(account);
      try {
        const current = await held;
        if (world.clock.now() < current.renewAtMs) return current.token;
      } catch (error) {
        held = undefined;
        throw error;
      }
      held = ask(account);
      return (await held).token;
    };
    return createClient(world, plain, { userAgent: `kube-controller-manager/v1.36.0 skiff ${account}`, token });
  };
}
