// Claims in use stay; claims out of use go.
import { expect, test } from 'vitest';
import type { PersistentVolumeClaim, Pod, Volume } from '#api/core/v1.ts';
import { claimKeysOf } from '../pod-claims.ts';
import { changed, finalizer, isUsed, mayRelease, stepFor } from './reconcile.ts';

const claim = (finalizers: string[], dying = false): PersistentVolumeClaim => ({
  metadata: { name: 'data', namespace: 'a', finalizers, ...(dying ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
});
const byName: Volume = { name: 'v', persistentVolumeClaim: { claimName: 'data' } };
const pod = (volume: Volume, more: Pod['metadata'] = {}, node = 'n1', phase = 'Running'): Pod => ({
  metadata: { name: 'web', namespace: 'a', uid: 'pod', ...more },
  spec: { nodeName: node, volumes: [volume], containers: [] },
  status: { phase },
});

test.each([
  ['living and unprotected', claim([]), 'protect'],
  ['living and protected', claim(['x', finalizer]), 'nothing'],
  ['dying and protected', claim([finalizer], true), 'release'],
  ['dying and held by others', claim(['x'], true), 'nothing'],
])('%s', (_, subject, step) => expect(stepFor(subject)).toBe(step));

test('a changed claim keeps the finalizers of others', () => {
  expect(changed(claim(['x']), 'protect').metadata?.finalizers).toEqual(['x', finalizer]);
  expect(changed(claim(['x', finalizer, 'y']), 'release').metadata?.finalizers).toEqual(['x', 'y']);
});

test.each([
  ['a pod on a node', pod(byName), true],
  ['a finished pod on a node, as its volumes may still be mounted', pod(byName, {}, 'n1', 'Succeeded'), true],
  ['a pod without a node', pod(byName, {}, ''), false],
  ['a pod with another claim', pod({ name: 'v', persistentVolumeClaim: { claimName: 'other' } }), false],
])('in use by %s: %#', (_, user, used) => expect(isUsed(claim([finalizer], true), [user])).toBe(used));

test('the claim of an ephemeral volume is used by its own pod until that is shut down', () => {
  const volume: Volume = { name: 'scratch', ephemeral: {} };
  const own: PersistentVolumeClaim = { metadata: { name: 'web-scratch', namespace: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'pod', controller: true }] } };
  const foreign: PersistentVolumeClaim = { metadata: { name: 'web-scratch', namespace: 'a' } };
  expect(isUsed(own, [pod(volume)])).toBe(true);
  expect(isUsed(foreign, [pod(volume)])).toBe(false);
  expect(isUsed(own, [pod(volume, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 })])).toBe(false);
  expect(isUsed(own, [pod(volume, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 })])).toBe(true);
  expect(claimKeysOf(pod(volume))).toEqual(['a/web-scratch']);
});

test('only events that can free a claim wake it', () => {
  expect(mayRelease(pod(byName), false)).toBe(false);
  expect(mayRelease(pod(byName), true)).toBe(true);
  expect(mayRelease(pod(byName, {}, 'n1', 'Failed'), false)).toBe(true);
  expect(mayRelease(pod(byName, {}, ''), false)).toBe(true);
});
