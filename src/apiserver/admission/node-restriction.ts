// NodeRestriction: a kubelet may write only its own Node, Lease, CSINode and slices, the pods bound to it, and ask for
// tokens only of those pods and only for audiences that they name.
import type { Node, PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import type { TokenRequest } from '#api/authentication/v1.ts';
import { jsonEqual, notFound } from '#machinery';
import { nodeOf } from '../authz/node.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, KubeObject, ObjectReader, ObjectWriter } from '../contract.ts';
import { csrSubject } from './certificate-plugins.ts';
import { apiReferenceOf } from './mirror-pods.ts';
import { checkPodCertificate } from './node-pod-certificates.ts';
import { forbiddenNodeLabels, modifiedLabels } from './node-labels.ts';
import { refused } from './refused.ts';
import { checkTokenAudience } from './token-audience.ts';

export interface NodeRestrictionParts {
  readonly reader: ObjectReader;
  readonly writer: Pick<ObjectWriter, 'lookup'>;
  readonly authorizer: Authorizer;
  readonly podCertificates: boolean;
  /** Feature ServiceAccountNodeAudienceRestriction. Absent: true. */
  readonly limitsAudiences?: boolean;
}

const quote = JSON.stringify;

function checkOwner(node: string, request: AdmissionRequest, reader: ObjectReader): void {
  const owners = request.object?.metadata?.ownerReferences ?? [];
  const only = `node ${quote(node)} can only create pods with`;
  if (owners.length > 1) throw refused(request, `${only} a single owner reference set to itself`);
  const [owner] = owners;
  if (owner === undefined || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) throw refused(request, `${only} an owner reference set to itself`);
  if (owner.controller !== true) throw refused(request, `${only} a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true) throw refused(request, `node ${quote(node)} must not set blockOwnerDeletion on an owner reference`);
  const object = reader.get('', 'nodes', '', node);
  if (object === undefined) throw notFound({ group: '', resource: 'nodes' }, node);
  if (owner.uid !== object.metadata?.uid) throw refused(request, `node ${node} UID mismatch: expected ${owner.uid} got ${object.metadata?.uid ?? ''}`);
}

function checkMirrorPod(node: string, request: AdmissionRequest, reader: ObjectReader): void {
  const pod = request.object as Pod | undefined;
  if (pod?.metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined) throw refused(request, `pod does not have "kubernetes.io/config.mirror" annotation, node ${quote(node)} can only create mirror pods`);
  if (pod.spec?.nodeName !== node) throw refused(request, `node ${quote(node)} can only create pods with spec.nodeName set to itself`);
  checkOwner(node, request, reader);
  const reference = apiReferenceOf(pod);
  if (reference !== undefined) throw refused(request, `node ${quote(node)} can not create pods that reference ${reference}`);
}

function claimNames(object: KubeObject | undefined): unknown {
  return (object as Pod | undefined)?.status?.resourceClaimStatuses?.map(({ name, resourceClaimName }) => [name, resourceClaimName ?? null]) ?? [];
}

function checkPodStatus(node: string, request: AdmissionRequest): void {
  const [now, old] = [request.object, request.oldObject] as (Pod | undefined)[];
  if (old?.spec?.nodeName !== node) throw refused(request, `node ${quote(node)} can only update pod status for pods with spec.nodeName set to itself`);
  if (modifiedLabels(now?.metadata?.labels, old.metadata?.labels).length > 0) throw refused(request, `node ${quote(node)} cannot update labels through pod status`);
  if (!jsonEqual(claimNames(request.object), claimNames(request.oldObject))) throw refused(request, `node ${quote(node)} cannot update resource claim statues`);
  if (!jsonEqual(now?.status?.extendedResourceClaimStatus ?? null, old.status?.extendedResourceClaimStatus ?? null)) throw refused(request, `node ${quote(node)} cannot update extended resource claim status`);
}

function checkClaimStatus(node: string, request: AdmissionRequest): void {
  if (request.subresource !== 'status') throw refused(request, 'may only update PVC status');
  if (request.operation !== 'UPDATE') throw refused(request, `unexpected operation ${quote(request.operation)}`);
  const rest = (object: KubeObject | undefined): unknown => {
    const { status, metadata, ...fields } = (object ?? {}) as PersistentVolumeClaim & KubeObject;
    return JSON.parse(
      JSON.stringify({
        ...fields, metadata: { ...metadata, resourceVersion: undefined, managedFields: undefined },
        status: { ...status, capacity: undefined, conditions: undefined, allocatedResourceStatuses: undefined, allocatedResources: undefined },
      }),
    );
  };
  if (!jsonEqual(rest(request.object), rest(request.oldObject))) throw refused(request, `node ${quote(node)} is not allowed to update fields other than status.quantity and status.conditions`);
}

function checkNode(node: string, request: AdmissionRequest): void {
  const { operation, name } = request;
  if (name !== node) throw refused(request, `node ${quote(node)} is not allowed to modify node ${quote(name)}`);
  const [now, old] = [request.object, request.oldObject] as (Node | undefined)[];
  if (operation === 'CREATE') {
    if (now?.spec?.configSource !== undefined) throw refused(request, `node ${quote(node)} is not allowed to create pods with a non-nil configSource`);
    const labels = forbiddenNodeLabels(modifiedLabels(now?.metadata?.labels, undefined));
    if (labels.length > 0) throw refused(request, `node ${quote(node)} is not allowed to set the following labels: ${labels.join(', ')}`);
  }
  if (operation !== 'UPDATE') return;
  if (now?.spec?.configSource !== undefined && !jsonEqual(now.spec.configSource, old?.spec?.configSource ?? null)) throw refused(request, `node ${quote(node)} is not allowed to update configSource to a new non-nil configSource`);
  if (!jsonEqual(now?.spec?.taints ?? [], old?.spec?.taints ?? [])) throw refused(request, `node ${quote(node)} is not allowed to modify taints`);
  if (!jsonEqual(now?.metadata?.ownerReferences ?? [], old?.metadata?.ownerReferences ?? [])) throw refused(request, `node ${quote(node)} is not allowed to modify ownerReferences`);
  const labels = forbiddenNodeLabels(modifiedLabels(now?.metadata?.labels, old?.metadata?.labels));
  if (labels.length > 0) throw refused(request, `is not allowed to modify labels: ${labels.join(', ')}`);
}

function checkOwnName(node: string, request: AdmissionRequest, what: string): void {
  const name = request.operation === 'CREATE' ? (request.object?.metadata?.name ?? '') : request.name;
  if (name !== node) throw refused(request, `can only access ${what} with the same name as the requesting node`);
}

function checkSlice(node: string, request: AdmissionRequest): void {
  const isDelete = request.operation === 'DELETE';
  if (!isDelete && request.operation !== 'CREATE') return;
  const slice = (isDelete ? request.oldObject : request.object)?.spec as { nodeName?: string } | undefined;
  if (slice?.nodeName !== node) throw refused(request, `can only ${isDelete ? 'delete' : 'create'} ResourceSlice with the same NodeName as the requesting node`);
}

function checkCsr(node: string, request: AdmissionRequest): void {
  const signer = (request.object?.spec as { signerName?: string } | undefined)?.signerName;
  if (request.operation !== 'CREATE' || (signer !== 'kubernetes.io/kubelet-serving' && signer !== 'kubernetes.io/kube-apiserver-client-kubelet')) return;
  const subject = csrSubject(request.object);
  if (subject === undefined) throw refused(request, 'unable to parse csr: PEM block type must be CERTIFICATE REQUEST');
  if (subject.commonName !== `system:node:${node}`) throw refused(request, `can only create a node CSR with CN=system:node:${node}`);
}

export function nodeRestriction({ reader, writer, authorizer, podCertificates, limitsAudiences = true }: NodeRestrictionParts): AdmissionPlugin {
  const podNamed = async (request: AdmissionRequest, name: string): Promise<Pod> => {
    const pod = reader.get('', 'pods', request.namespace, name) ?? (await writer.lookup('', 'pods', request.namespace, name));
    if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name);
    return pod as Pod;
  };

  const checkPod = async (node: string, request: AdmissionRequest): Promise<void> => {
    const { operation, subresource } = request;
    if (subresource === 'status') {
      if (operation !== 'UPDATE') throw refused(request, `unexpected operation ${quote(operation)}`);
      return checkPodStatus(node, request);
    }
    if (subresource === 'eviction') {
      if ((await podNamed(request, request.name)).spec?.nodeName !== node) throw refused(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
      return undefined;
    }
    if (subresource !== '') throw refused(request, `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`);
    if (operation === 'CREATE') return checkMirrorPod(node, request, reader);
    if (operation !== 'DELETE') throw refused(request, `unexpected operation ${quote(operation)}, node ${quote(node)} can only create and delete mirror pods`);
    if ((await podNamed(request, request.name)).spec?.nodeName !== node) throw refused(request, `node ${quote(node)} can only delete pods with spec.nodeName set to itself`);
    return undefined;
  };

  const checkToken = async (node: string, request: AdmissionRequest): Promise<void> => {
    if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
    const { boundObjectRef: ref, audiences: asked } = (request.object as (TokenRequest & KubeObject) | undefined)?.spec ?? {};
    // None is written as null.
    const audiences = asked ?? [];
    if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || (ref.name ?? '') === '') throw refused(request, 'node requested token not bound to a pod');
    if ((ref.uid ?? '') === '') throw refused(request, 'node requested token with a pod binding without a uid');
    const pod = await podNamed(request, ref.name ?? '');
    if (ref.uid !== pod.metadata?.uid) throw refused(request, `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
    if (pod.spec?.nodeName !== node) throw refused(request, 'node requested token bound to a pod scheduled on a different node');
    if (limitsAudiences) await checkTokenAudience(request, pod, audiences, reader, authorizer);
  };

  const checks: Readonly<Record<string, (node: string, request: AdmissionRequest) => Promise<void> | void>> = {
    '/pods': checkPod,
    '/nodes': checkNode,
    '/persistentvolumeclaims': checkClaimStatus,
    '/serviceaccounts': checkToken,
    'coordination.k8s.io/leases'(node, request) {
      if (request.namespace !== 'kube-node-lease') throw refused(request, 'can only access leases in the "kube-node-lease" system namespace');
      checkOwnName(node, request, 'node lease');
    },
    'storage.k8s.io/csinodes': (node, request) => checkOwnName(node, request, 'CSINode'),
    'resource.k8s.io/resourceslices': checkSlice,
    'certificates.k8s.io/certificatesigningrequests': checkCsr,
    'certificates.k8s.io/podcertificaterequests'(node, request) {
      if (!podCertificates) throw refused(request, 'PodCertificateRequest feature gate is disabled');
      checkPodCertificate(node, request, reader);
    },
  };
  return {
    name: 'NodeRestriction',
    handles: (operation, resource) => operation !== 'CONNECT' && checks[`${resource.group}/${resource.plural}`] !== undefined,
    // What others fill in afterwards is not the node's.
    mutate(request) {
      const node = nodeOf(request.user);
      if (node === undefined) return undefined;
      if (node === '') throw refused(request, `could not determine node from user ${quote(request.user.name)}`);
      return checks[`${request.resource.group}/${request.resource.plural}`]?.(node, request);
    },
  };
}
