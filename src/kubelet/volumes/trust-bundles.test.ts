// Trust bundles as files of a pod.
import { expect, test } from 'vitest';
import type { ClusterTrustBundle } from '#api/certificates/v1beta1.ts';
import type { ClusterTrustBundleProjection } from '#api/core/v1.ts';
import { notFound } from '#machinery';
import type { Client, ListOptions } from '#client';
import { anchorsOf, trustAnchors } from './trust-bundles.ts';

const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString('base64')}\n-----END CERTIFICATE-----\n`;
const bundle = (name: string, trustBundle: string, labels: Record<string, string> = {}): ClusterTrustBundle => ({ metadata: { name, labels }, spec: { signerName: 'example.com/s', trustBundle } });
const bundles = [bundle('a', pem('1') + pem('2'), { live: 'yes' }), bundle('b', pem('2') + pem('3'))];

/** Of the client the two verbs that are used. */
const client = {
  resource: () => ({
    async get(name: string): Promise<ClusterTrustBundle> {
      const found = bundles.find((each) => each.metadata?.name === name);
      if (found === undefined) throw notFound({ group: 'certificates.k8s.io', resource: 'clustertrustbundles' }, name);
      return found;
    },
    list: async ({ fieldSelector = '' }: ListOptions) => ({ items: fieldSelector === 'spec.signerName=example.com/s' ? bundles : [] }),
  }),
} as unknown as Client;

test.each<[string, Partial<ClusterTrustBundleProjection>, string]>([
  ['one by name', { name: 'a' }, pem('1') + pem('2')],
  ['all of a signer, each anchor once', { signerName: 'example.com/s', labelSelector: {} }, pem('1') + pem('2') + pem('3')],
  ['those that a selector picks', { signerName: 'example.com/s', labelSelector: { matchLabels: { live: 'yes' } } }, pem('1') + pem('2')],
  ['one that may be missing', { name: 'x', optional: true }, ''],
  ['a signer that may have none', { signerName: 'example.com/t', labelSelector: {}, optional: true }, ''],
])('%s', async (_, source, anchors) => expect(await trustAnchors(client, { path: 'ca.crt', ...source })).toBe(anchors));

test.each<[string, Partial<ClusterTrustBundleProjection>, string]>([
  ['one that is not there', { name: 'x' }, 'while getting ClusterTrustBundle'],
  ['a signer without a selector', { signerName: 'example.com/s' }, 'combination of signerName and labelSelector matched zero ClusterTrustBundles'],
  ['nothing', {}, 'ClusterTrustBundle projection requires either name or signerName to be set'],
])('%s is told', async (_, source, message) => expect(trustAnchors(client, { path: 'ca.crt', ...source })).rejects.toThrow(message));

test('the order is that of the anchors, not of the bundles', () => expect(anchorsOf(bundles)).toBe(anchorsOf(bundles.toReversed())));
