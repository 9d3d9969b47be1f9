// Which trust bundle there is to be, and which not.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ClusterTrustBundle } from '#api/certificates/v1beta1.ts';
import { bundleName, reconcile, signerName } from './reconcile.ts';

const bundle = (rootCa: string, name = bundleName(rootCa)): ClusterTrustBundle => ({ metadata: { name, uid: 'u' }, spec: { signerName, trustBundle: rootCa } });

test.each<[string, ClusterTrustBundle[], string | undefined, string[]]>([
  ['none: it is made', [], 'CA', []],
  ['the right one: nothing happens', [bundle('CA')], undefined, []],
  ['one that somebody changed: it is put right', [{ ...bundle('CA'), spec: { signerName, trustBundle: 'x' } }], 'CA', []],
  ['that of another CA: the new one is made, the old one goes', [bundle('OLD')], 'CA', [bundleName('OLD')]],
])('there is %s', (_, existing, written, removed) => {
  const { write, remove } = reconcile(existing, 'CA');
  expect([write?.spec.trustBundle, remove]).toEqual([written, removed]);
  if (write !== undefined) expect(write.metadata?.name).toBe(`kubernetes.io:kube-apiserver-serving:${createHash('sha256').update('CA').digest('hex').slice(0, 24)}`);
});
