// Approves, signs and clears away CertificateSigningRequests, so that kubelets get and renew their certificates
// without anybody's help.
import type { SubjectAccessReview } from '#api/authorization/v1.ts';
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import { every, rfc3339 } from '#base/clock.ts';
import { errorText, wrap } from '#base/errors.ts';
import { createWorkQueue, keyOf, resourceNamed, resourcePath, runWorkers } from '#client';
import { isNotFound } from '#machinery';
import { parseCertificate, signCsr } from '#wire';
import { signingOf } from '../config.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { approvable, failure, isDecided, isOutdated, isToSign, termsFor, withCondition, type Claim } from './reconcile.ts';
import { pemOf, requestOf } from './requests.ts';

const workers = 5;
const cleaningMs = 60 * 60_000;
const kindName = 'certificatesigningrequests.certificates.k8s.io';

/** Calls `handle` for every request that has no certificate yet. */
function onRequests(context: ControllerContext, handle: (csr: CertificateSigningRequest) => Promise<void>): Run {
  const { world, signal } = context;
  const requests = context.informer<CertificateSigningRequest>(kindName);
  const queue = createWorkQueue(world);
  const wake = (csr: CertificateSigningRequest): void => queue.add(keyOf(csr));
  requests.addHandler({ added: wake, updated: wake });
  return () =>
    runWorkers(world, queue, workers, signal, async (name) => {
      const csr = requests.byKey(name);
      if (csr !== undefined && (csr.status?.certificate ?? '') === '') await handle(csr);
    });
}

function setUpApprover(context: ControllerContext): Run {
  const { world, client } = context;
  const mayAsk = async (csr: CertificateSigningRequest, claim: Claim): Promise<boolean> => {
    const { username: user, uid, groups, extra } = csr.spec;
    const resourceAttributes = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', subresource: claim.subresource, version: '*' };
    const review = await client.resource<SubjectAccessReview>('subjectaccessreviews.authorization.k8s.io').create({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user, uid, groups, extra, resourceAttributes } });
    return review.status?.allowed === true;
  };
  return onRequests(context, async (csr) => {
    if (isDecided(csr)) return;
    const claims = approvable(csr, parsed(csr));
    for (const claim of claims) {
      if (!(await mayAsk(csr, claim))) continue;
      const now = rfc3339(world.clock.now());
      const approved = withCondition(csr, { type: 'Approved', status: 'True', reason: 'AutoApproved', message: claim.message, lastUpdateTime: now, lastTransitionTime: now });
      await client.raw('PUT', resourcePath(resourceNamed(kindName), '', csr.metadata?.name ?? '', 'approval'), approved);
      return;
    }
    if (claims.length > 0) throw new Error(`recognized csr "${csr.metadata?.name}" as [${claims.map((claim) => claim.subresource).join(' ')}] but subject access review was not approved`);
  });
}

function parsed(csr: CertificateSigningRequest): ReturnType<typeof requestOf> {
  try {
    return requestOf(csr);
  } catch (error) {
    throw wrap(`unable to parse csr "${csr.metadata?.name}"`, error);
  }
}

function setUpSigner(context: ControllerContext): Run {
  const { world, client, config } = context;
  return onRequests(context, async (csr) => {
    const authority = signingOf(config);
    if (authority === undefined || !isToSign(csr)) return;
    const resource = client.resource<CertificateSigningRequest>(kindName);
    const failed = failure(csr, parsed(csr), world.clock.now());
    if (failed !== undefined) {
      await resource.updateStatus(withCondition(csr, failed));
      return;
    }
    const terms = termsFor(csr, parseCertificate(authority.cert).notAfterMs, config.clusterSigningDurationMs, world.clock.now());
    const certificate = signCsr(world.random, authority, pemOf(csr), terms);
    await resource.updateStatus({ ...csr, status: { ...csr.status, certificate: Buffer.from(certificate).toString('base64') } });
  });
}

function setUpCleaner(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const requests = context.informer<CertificateSigningRequest>(kindName);
  return () =>
    every(world.clock, cleaningMs, signal, async () => {
      for (const csr of requests.list()) {
        if (!isOutdated(csr, world.clock.now())) continue;
        try {
          await client.resource<CertificateSigningRequest>(kindName).delete(csr.metadata?.name ?? '');
        } catch (error) {
          if (!isNotFound(error)) world.log.warn('an old certificate request could not be deleted', { name: csr.metadata?.name, error: errorText(error) });
        }
      }
    });
}

const common = { serviceAccount: 'certificate-controller', reads: [kindName] };

export const csrapproving: Controller = {
  ...common,
  name: 'certificatesigningrequest-approving-controller',
  alias: 'csrapproving',
  is: 'Approves the client certificates that kubelets ask for.',
  writes: ['subjectaccessreviews.authorization.k8s.io', `${kindName}/approval`],
  setUp: setUpApprover,
};

export const csrsigning: Controller = {
  ...common,
  name: 'certificatesigningrequest-signing-controller',
  alias: 'csrsigning',
  is: 'Signs approved certificate requests of Kubernetes’ own signers.',
  writes: [`${kindName}/status`],
  setUp: setUpSigner,
};

export const csrcleaner: Controller = {
  ...common,
  name: 'certificatesigningrequest-cleaner-controller',
  alias: 'csrcleaner',
  is: 'Deletes old certificate requests.',
  writes: [kindName],
  setUp: setUpCleaner,
};
