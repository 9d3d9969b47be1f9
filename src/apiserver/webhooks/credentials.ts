// How the server identifies itself to a webhook: the users of a kubeconfig named by the admission configuration,
// chosen by the webhook's host and port with wildcards, as upstream documents it. Nobody in particular by default.
import type { Kubeconfig } from './kubeconfig.ts';

export interface ClientCredentials {
  readonly token?: string;
  /** Asked for every request: files are renewed. */
  readonly readToken?: () => string;
  readonly username?: string;
  readonly password?: string;
  /** PEM. */
  readonly cert?: string;
  readonly key?: string;
}

export const anonymous: ClientCredentials = {};

/** The Authorization header. */
export function authorizationOf(credentials: ClientCredentials): string | undefined {
  const token = credentials.token ?? credentials.readToken?.();
  if (token !== undefined && token !== '') return `Bearer ${token}`;
  if (credentials.username === undefined) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password ?? ''}`).toString('base64')}`;
}

/** The name itself, then "*." and each of its endings. */
function* patternsOf(target: string): Generator<string> {
  yield target;
  const steps = target.split('.');
  for (let at = 1; at < steps.length; at++) yield `*.${steps.slice(at).join('.')}`;
}

/** Users by "host:port", most particular first; the default port may be left out; "*" and the current user last. */
export function credentialsFrom(config: Kubeconfig): (hostPort: string) => ClientCredentials {
  return (hostPort) => {
    const names = [...patternsOf(hostPort)];
    if (hostPort.endsWith(':443')) names.push(...patternsOf(hostPort.slice(0, -':443'.length)));
    names.push('*');
    const found = names.find((name) => config.users.has(name)) ?? config.currentUser;
    return (found === undefined ? undefined : config.users.get(found)) ?? anonymous;
  };
}
