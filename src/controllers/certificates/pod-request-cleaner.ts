// Deletes pods' certificate requests a quarter of an hour after they were made: whoever asks has got the answer by then
// (KEP-4317). For servers that serve them: off unless it is named.
import type { PodCertificateRequest } from '#api/certificates/v1beta1.ts';
import { every, parseTime } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';

const kindName = 'podcertificaterequests.certificates.k8s.io';
const thresholdMs = 15 * 60_000;
const pollingMs = 5 * 60_000;

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const requests = context.informer<PodCertificateRequest>(kindName);
  const clean = async ({ metadata }: PodCertificateRequest): Promise<void> => {
    const { namespace = '', name = '', uid, creationTimestamp } = metadata ?? {};
    if (world.clock.now() < parseTime(creationTimestamp) + thresholdMs) return;
    try {
      await client.resource(kindName).in(namespace).delete(name, { preconditions: { ...(uid === undefined ? {} : { uid }) } });
    } catch (error) {
      if (!isNotFound(error)) world.log.warn('unable to delete PodCertificateRequest', { pcr: `${namespace}/${name}`, error: errorText(error) });
    }
  };
  return () =>
    every(world.clock, pollingMs, signal, async () => {
      for (const request of requests.list()) await clean(request);
    });
}

export const podcertificaterequestcleaner: Controller = {
  name: 'podcertificaterequest-cleaner-controller',
  alias: 'podcertificaterequestcleaner',
  is: 'Deletes old certificate requests of pods.',
  serviceAccount: 'podcertificaterequestcleaner',
  offByDefault: true,
  reads: [kindName],
  writes: [kindName],
  setUp,
};
