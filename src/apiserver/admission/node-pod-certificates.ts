// What a kubelet may ask a pod's certificate for (NodeRestriction's part of KEP-4317): a real pod on its own node, with the
// pod's own service account. Where a cache may only be behind, the answer is a 500 and no refusal: the kubelet asks again.
import type { PodCertificateRequest } from '#api/certificates/v1beta1.ts';
import type { Pod } from '#api/core/v1.ts';
import { StatusError } from '#machinery';
import type { AdmissionRequest, ObjectReader } from '../contract.ts';
import { refused } from './refused.ts';

const quote = JSON.stringify;

function perhapsBehind(message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

/** Throws a StatusError when the node may not ask for this certificate. */
export function checkPodCertificate(node: string, request: AdmissionRequest, reader: ObjectReader): void {
  if (request.operation !== 'CREATE') throw refused(request, `unexpected operation ${request.operation}`);
  if (request.subresource !== '') throw refused(request, `unexpected subresource ${request.subresource}`);
  const spec: Partial<PodCertificateRequest['spec']> = (request.object as Partial<PodCertificateRequest> | undefined)?.spec ?? {};
  const { nodeName = '', nodeUID = '', podName = '', podUID = '', serviceAccountName = '', serviceAccountUID = '' } = spec;
  const { namespace } = request;
  const asked = `PodCertificateRequest for pod ${quote(`${namespace}/${podName}`)}`;
  if (nodeName !== node) throw refused(request, `PodCertificateRequest.Spec.NodeName=${quote(nodeName)}, which is not the requesting node ${quote(node)}`);
  const own = reader.get('', 'nodes', '', node);
  if (own === undefined) throw perhapsBehind(`while retrieving node ${quote(node)} named in the PodCertificateRequest: node ${quote(node)} not found`);
  if (own.metadata?.uid !== nodeUID) throw perhapsBehind(`${asked} names node UID ${quote(nodeUID)}, inconsistent with the running node (${quote(own.metadata?.uid ?? '')})`);
  const pod = reader.get('', 'pods', namespace, podName) as Pod | undefined;
  const named = `pod ${quote(`${namespace}/${podName}`)}`;
  if (pod === undefined) throw perhapsBehind(`while retrieving ${named} named in the PodCertificateRequest: pod ${quote(podName)} not found`);
  if (pod.metadata?.uid !== podUID) throw perhapsBehind(`${asked} contains pod UID (${quote(podUID)}) which differs from running pod ${quote(pod.metadata?.uid ?? '')}`);
  if (pod.spec?.nodeName !== node) throw refused(request, `${named} is not running on node ${quote(node)} named in the PodCertificateRequest`);
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) throw refused(request, `${named} is a mirror pod`);
  const account = pod.spec.serviceAccountName ?? '';
  if (account !== serviceAccountName) throw refused(request, `${asked} contains serviceAccountName (${quote(serviceAccountName)}) that differs from running pod (${quote(account)})`);
  const found = reader.get('', 'serviceaccounts', namespace, serviceAccountName);
  if (found === undefined) throw perhapsBehind(`while retrieving service account ${quote(`${namespace}/${serviceAccountName}`)} named in the PodCertificateRequest: serviceaccount ${quote(serviceAccountName)} not found`);
  if (found.metadata?.uid !== serviceAccountUID) throw perhapsBehind(`${asked} names service account UID ${quote(serviceAccountUID)}, which differs from the running service account (${quote(found.metadata?.uid ?? '')})`);
}
