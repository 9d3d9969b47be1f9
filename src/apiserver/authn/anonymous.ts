// Who shows no credentials is nobody in particular: everywhere, or on the paths given alone. And calls from within the
// process, which come under the name that main/ gave them.
import type { Authenticator, Identity } from '../contract.ts';
import { known } from './groups.ts';

const nobody: Identity = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export interface AnonymousSettings {
  readonly enabled: boolean;
  /** Empty: all paths. */
  readonly paths: readonly string[];
}

/** @param settings asked with every request: a configuration file may change them. */
export function anonymousAuthenticator(settings: () => AnonymousSettings): Authenticator {
  return {
    name: 'anonymous',
    async authenticate(_exchange, info) {
      const { enabled, paths } = settings();
      return enabled && (paths.length === 0 || paths.includes(info.path)) ? nobody : undefined;
    },
  };
}

export const loopbackAuthenticator: Authenticator = {
  name: 'loopback',
  async authenticate(exchange) {
    const caller = exchange.peer.loopback;
    return caller === undefined ? undefined : known({ name: caller.user, groups: caller.groups });
  },
};
