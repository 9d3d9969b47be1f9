// Aggregated ClusterRoles: which rules they get, and when nothing is to be written.
import { expect, test } from 'vitest';
import type { ClusterRole, PolicyRule } from '#api/rbac/v1.ts';
import { reconcile } from './reconcile.ts';

const rule = (verb: string, resource = 'pods'): PolicyRule => ({ apiGroups: [''], resources: [resource], verbs: [verb] });
const role = (name: string, labels: Record<string, string>, rules: PolicyRule[] = []): ClusterRole => ({ metadata: { name, labels }, rules });
const aggregated = (labels: Record<string, string>[], rules?: PolicyRule[], name = 'admin'): ClusterRole => ({
  metadata: { name },
  aggregationRule: { clusterRoleSelectors: labels.map((matchLabels) => ({ matchLabels })) },
  rules,
});

test.each<[string, ClusterRole, ClusterRole[], PolicyRule[] | undefined]>([
  ['a role without aggregation is left alone', role('plain', {}, [rule('get')]), [role('a', { to: 'admin' }, [rule('list')])], undefined],
  ['rules come in the order of the roles’ names, each once', aggregated([{ to: 'admin' }]), [role('b', { to: 'admin' }, [rule('list'), rule('get')]), role('a', { to: 'admin' }, [rule('get')]), role('c', { to: 'edit' }, [rule('patch')])], [rule('get'), rule('list')]],
  ['selectors count one after the other', aggregated([{ to: 'z' }, { to: 'y' }]), [role('a', { to: 'y' }, [rule('get')]), role('b', { to: 'z' }, [rule('list')])], [rule('list'), rule('get')]],
  ['its own rules do not feed it', aggregated([{}], [], 'self'), [{ ...role('self', {}, [rule('get')]) }], undefined],
  ['nothing to write when it has them', aggregated([{ to: 'admin' }], [rule('get')]), [role('a', { to: 'admin' }, [rule('get')])], undefined],
  ['another order is another value', aggregated([{ to: 'admin' }], [rule('list'), rule('get')]), [role('a', { to: 'admin' }, [rule('get'), rule('list')])], [rule('get'), rule('list')]],
  ['what no role grants any more goes', aggregated([{ to: 'admin' }], [rule('get')]), [], []],
])('%s', (_, subject, all, wanted) => {
  expect(reconcile(subject, all)).toEqual(wanted);
});
