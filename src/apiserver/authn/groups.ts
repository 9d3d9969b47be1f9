// Everybody who is known also belongs to system:authenticated, unless something has already said that he is not.
import type { Identity } from '../contract.ts';

export function known(identity: Identity): Identity {
  if (identity.groups.includes('system:authenticated') || identity.groups.includes('system:unauthenticated')) return identity;
  return { ...identity, groups: [...identity.groups, 'system:authenticated'] };
}
