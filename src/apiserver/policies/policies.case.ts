// A cluster with the two policy plugins and the webhook plugins: what tests of policies share.
import { openMemoryStore } from '#store';
import type { Authorizer } from '../contract.ts';
import { openSecurity, startTestServer, testWorld, type Answer, type TestServer } from '../test-server.case.ts';
import { admissionPolicies, paramPermission } from './index.ts';

export interface PolicyCluster extends AsyncDisposable {
  readonly api: TestServer;
  /** Makes a policy and its binding, which has the policy's name. */
  validating(name: string, spec: Record<string, unknown>, binding?: Record<string, unknown>): Promise<void>;
  mutating(name: string, spec: Record<string, unknown>, binding?: Record<string, unknown>): Promise<void>;
  metrics(): Promise<string>;
}

const group = '/apis/admissionregistration.k8s.io/v1';
export const configMaps = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }] };

function mustBe(status: number, answer: Answer): void {
  if (answer.status !== status) throw new Error(`${answer.status}: ${answer.text}`);
}

/** Without `groups` the caller is a master, for whom much is not asked. */
export async function startPolicyCluster(authorizer?: Authorizer, groups?: readonly string[]): Promise<PolicyCluster> {
  const store = openMemoryStore(testWorld());
  const world = testWorld();
  const api = await startTestServer(store, {
    security: (ports) => {
      const open = openSecurity();
      const asked = authorizer ?? open.authorizer;
      const authenticators = groups === undefined ? open.authenticators : [{ name: 'fixed', authenticate: async () => ({ name: 'tester', groups }) }];
      return { ...open, authenticators, admission: [...admissionPolicies(world, ports, asked).plugins, paramPermission({ ...ports, authorizer: asked })] };
    },
  });
  const make = (kind: string) => async (name: string, spec: Record<string, unknown>, binding: Record<string, unknown> = {}): Promise<void> => {
    mustBe(201, await api.post(`${group}/${kind}admissionpolicies`, { metadata: { name }, spec: { matchConstraints: configMaps, ...spec } }));
    const actions = kind === 'validating' ? { validationActions: ['Deny'] } : {};
    mustBe(201, await api.post(`${group}/${kind}admissionpolicybindings`, { metadata: { name }, spec: { policyName: name, ...actions, ...binding } }));
  };
  return {
    api,
    validating: make('validating'),
    mutating: make('mutating'),
    metrics: () => world.metrics.text(),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await store.close();
    },
  };
}
