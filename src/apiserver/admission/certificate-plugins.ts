// Plugins of certificates.k8s.io: who may approve, sign or attest is decided signer by signer, and nobody gets a client
// certificate for system:masters. CertificateApproval, CertificateSigning, CertificateSubjectRestriction,
// ClusterTrustBundleAttest.
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import type { PodCertificateRequest } from '#api/certificates/v1beta1.ts';
import { forbiddenField, invalid, jsonEqual } from '#machinery';
import { parseCsr } from '#wire';
import type { AdmissionPlugin, Attributes, Authorizer, Identity, KubeObject } from '../contract.ts';
import { changesOnlyOwnership } from './ownership-only.ts';
import { refused } from './refused.ts';

const group = 'certificates.k8s.io';
const clientSigner = 'kubernetes.io/kube-apiserver-client';

/** May he do this with the signer itself, or with all of its domain? */
export async function maySigner(authorizer: Authorizer, user: Identity, verb: 'approve' | 'sign' | 'attest', signerName: string): Promise<boolean> {
  const ask = (name: string): Attributes => ({ user, verb, apiGroup: group, apiVersion: '*', resource: 'signers', subresource: '', namespace: '', name, path: '', isResourceRequest: true });
  if ((await authorizer.authorize(ask(signerName))).decision === 'allow') return true;
  const domain = signerName.split('/')[0] ?? '';
  return (await authorizer.authorize(ask(`${domain}/*`))).decision === 'allow';
}

function signerOf(object: KubeObject | undefined): string {
  return (object as CertificateSigningRequest | undefined)?.spec?.signerName ?? '';
}

export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    handles: (operation, resource, subresource) => operation === 'UPDATE' && resource.group === group && resource.plural === 'certificatesigningrequests' && subresource === 'approval',
    async validate(request) {
      const signer = signerOf(request.oldObject);
      if (!(await maySigner(authorizer, request.user, 'approve', signer))) throw refused(request, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    handles: (operation, resource, subresource) => operation === 'UPDATE' && resource.group === group && resource.plural === 'certificatesigningrequests' && subresource === 'status',
    async validate(request) {
      const [old, now] = [request.oldObject, request.object] as (CertificateSigningRequest | undefined)[];
      // Only a certificate, and that signing has failed, are the signer's to say.
      if (old?.status?.certificate === now?.status?.certificate && jsonEqual(old?.status?.conditions ?? [], now?.status?.conditions ?? [])) return;
      const signer = signerOf(request.oldObject);
      if (!(await maySigner(authorizer, request.user, 'sign', signer))) throw refused(request, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** The request's own subject; undefined when it cannot be read. */
export function csrSubject(object: KubeObject | undefined): ReturnType<typeof parseCsr> | undefined {
  try {
    return parseCsr(Buffer.from((object as CertificateSigningRequest | undefined)?.spec?.request ?? '', 'base64').toString());
  } catch {
    return undefined;
  }
}

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: (operation, resource, subresource) => operation === 'CREATE' && resource.group === group && resource.plural === 'certificatesigningrequests' && subresource === '',
  validate(request) {
    if (signerOf(request.object) !== clientSigner) return;
    const subject = csrSubject(request.object);
    if (subject === undefined) throw refused(request, 'failed to parse CSR: PEM block type must be CERTIFICATE REQUEST');
    if (subject.organizations.includes('system:masters')) throw refused(request, `use of ${clientSigner} signer with system:masters group is not allowed`);
  },
};

export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ClusterTrustBundleAttest',
    handles: (operation, resource) => (operation === 'CREATE' || operation === 'UPDATE') && resource.group === group && resource.plural === 'clustertrustbundles',
    async validate(request) {
      const signer = (request.object?.spec as { signerName?: string } | undefined)?.signerName ?? '';
      const { object, oldObject } = request;
      if (signer === '' || (object !== undefined && oldObject !== undefined && changesOnlyOwnership(object, oldObject))) return;
      if (!(await maySigner(authorizer, request.user, 'attest', signer))) throw refused(request, `user not permitted to attest for signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Who writes the status of a pod's request must be one who may sign for its signer. Upstream has it in the storage. */
export function podCertificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'PodCertificateSigning',
    handles: (operation, resource, subresource) => operation === 'UPDATE' && resource.group === group && resource.plural === 'podcertificaterequests' && subresource === 'status',
    async validate(request) {
      const [old, now] = [request.oldObject, request.object] as (PodCertificateRequest | undefined)[];
      if (jsonEqual(old?.status ?? {}, now?.status ?? {})) return;
      const signer = signerOf(request.oldObject);
      if (await maySigner(authorizer, request.user, 'sign', signer)) return;
      const error = forbiddenField('spec.signerName', `User ${JSON.stringify(request.user.name)} is not permitted to "sign" for signer ${JSON.stringify(signer)}`);
      throw invalid({ group, kind: request.resource.kind }, request.name, [error]);
    },
  };
}
