// Who the parts of an in-process cluster are to the API server: the very names that their certificates and tokens
// carry in a real one, so that RBAC and the node authorizer judge them alike.
export interface CallerIdentity {
  readonly user: string;
  readonly groups: readonly string[];
}

const authenticated = 'system:authenticated';

export const admin: CallerIdentity = { user: 'kubernetes-admin', groups: ['system:masters', authenticated] };
export const controllerManager: CallerIdentity = { user: 'system:kube-controller-manager', groups: [authenticated] };
export const schedulerIdentity: CallerIdentity = { user: 'system:kube-scheduler', groups: [authenticated] };

export function serviceAccount(namespace: string, name: string): CallerIdentity {
  return { user: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, authenticated] };
}

export function nodeIdentity(name: string): CallerIdentity {
  return { user: `system:node:${name}`, groups: ['system:nodes', authenticated] };
}

/** Someone by name, with further groups. */
export function person(user: string, groups: readonly string[] = []): CallerIdentity {
  return { user, groups: [...groups, authenticated] };
}
