// The Node authorizer: a kubelet may read just what the pods bound to its node refer to, and write just its own Node,
// Lease, CSINode and slices. Relationships are looked up in the server's own cache at the moment of the question (pods by
// spec.nodeName through an index), so there is no graph to keep in step. Upstream: Node authorization mode, with
// selectors (KEP-4601).
import type { Pod } from '#api/core/v1.ts';
import type { PolicyRule } from '#api/rbac/v1.ts';
import type { Attributes, Identity, KubeObject, ObjectReader, Verdict } from '../contract.ts';
import { clusterRoles } from './default-cluster-roles.ts';
import { tablesOf, type RoleFeatures } from './feature-roles.ts';
import { rulesOfTable } from './default-policy.ts';
import { podReferences } from './pod-references.ts';
import { ruleAllows } from './rule-match.ts';
import { noRules, unlistable, type RuleSource } from './rules.ts';
import { selectsField } from './selectors.ts';

const allow: Verdict = { decision: 'allow', reason: '' };
const silent: Verdict = { decision: 'none', reason: '' };

function none(reason: string): Verdict {
  return { decision: 'none', reason };
}

/** The node a user stands for: undefined for non-nodes, '' for a node without a usable name. */
export function nodeOf(user: Identity): string | undefined {
  if (!user.name.startsWith('system:node:') || !user.groups.includes('system:nodes')) return undefined;
  return user.name.slice('system:node:'.length);
}

/** What a node may do regardless of which pods it runs. */
const nodeRules = rulesOfTable(clusterRoles, 'system:node');

function rulesWith(features: RoleFeatures): readonly PolicyRule[] {
  return [...nodeRules, ...tablesOf(features).flatMap((tables) => rulesOfTable(tables.clusterRoles, 'system:node'))];
}

type Decide = (node: string, request: Attributes) => Verdict;
const ownVerbs: ReadonlySet<string> = new Set(['get', 'create', 'update', 'patch', 'delete']);

function lease(node: string, r: Attributes): Verdict {
  if (!ownVerbs.has(r.verb)) return none('can only get, create, update, patch, or delete a node lease');
  if (r.namespace !== 'kube-node-lease') return none('can only access leases in the "kube-node-lease" system namespace');
  return r.verb !== 'create' && r.name !== node ? none('can only access node lease with the same name as the requesting node') : allow;
}

function csiNode(node: string, r: Attributes): Verdict {
  if (!ownVerbs.has(r.verb)) return none('can only get, create, update, patch, or delete a CSINode');
  if (r.subresource !== '') return none('cannot authorize CSINode subresources');
  return r.verb !== 'create' && r.name !== node ? none('can only access CSINode with the same name as the requesting node') : allow;
}

function nodeObject(node: string, r: Attributes): Verdict {
  if (r.subresource === 'status') return r.verb === 'update' || r.verb === 'patch' ? allow : silent;
  if (r.subresource !== '') return silent;
  if (r.verb === 'create' || r.verb === 'update' || r.verb === 'patch') return allow;
  if (r.verb !== 'get' && r.verb !== 'list' && r.verb !== 'watch') return silent;
  if (r.name === node) return allow;
  return r.name === '' ? none(`node '${node}' cannot read all nodes, only its own Node object`) : none(`node '${node}' cannot read '${r.name}', only its own Node object`);
}

export function createNodeAuthorizer(reader: ObjectReader, features: RoleFeatures = {}): RuleSource {
  const rules = rulesWith(features);
  const specNode = (group: string, resource: string, r: Attributes): string | undefined =>
    (reader.get(group, resource, r.namespace, r.name)?.spec as { nodeName?: string } | undefined)?.nodeName;
  const related: Readonly<Record<string, (node: string, r: Attributes) => boolean>> = {
    pod: (node, r) => specNode('', 'pods', r) === node,
    attachment: (node, r) => specNode('storage.k8s.io', 'volumeattachments', { ...r, namespace: '' }) === node,
    slice: (node, r) => specNode('resource.k8s.io', 'resourceslices', { ...r, namespace: '' }) === node,
    podcertificate: (node, r) => specNode('certificates.k8s.io', 'podcertificaterequests', r) === node,
  };
  const fromPods = (kind: string, node: string, r: Attributes): boolean => {
    const wanted = `${kind} ${kind === 'pv' ? '' : r.namespace}/${r.name}`;
    return reader.where('', 'pods', 'spec.nodeName', node).some((pod) => podReferences(pod as Pod & KubeObject, reader).has(wanted));
  };
  const byRelation = (kind: string, node: string, r: Attributes): Verdict => {
    if (r.name === '') return none('No Object name found');
    const holds = related[kind]?.(node, r) ?? fromPods(kind, node, r);
    return holds ? allow : none(`no relationship found between node '${node}' and this object`);
  };
  const get = (kind: string): Decide => (node, r) => {
    if (r.verb !== 'get') return none('can only get individual resources of this type');
    return r.subresource === '' ? byRelation(kind, node, r) : none('cannot get subresource');
  };
  const read = (kind: string): Decide => (node, r) => {
    if (r.verb !== 'get' && r.verb !== 'list' && r.verb !== 'watch') return none('can only read resources of this type');
    if (r.subresource !== '') return none('cannot read subresource');
    return r.namespace === '' ? none('can only read namespaced object of this type') : byRelation(kind, node, r);
  };
  const byResource: Readonly<Record<string, Decide>> = {
    secrets: read('secret'),
    configmaps: read('configmap'),
    persistentvolumeclaims(node, r) {
      if (r.subresource !== 'status') return get('pvc')(node, r);
      return r.verb === 'update' || r.verb === 'patch' ? byRelation('pvc', node, r) : none('can only get/update/patch this type');
    },
    persistentvolumes: get('pv'),
    'resourceclaims.resource.k8s.io': get('resourceclaim'),
    'volumeattachments.storage.k8s.io': get('attachment'),
    serviceaccounts(node, r) {
      if (r.verb === 'get' && r.subresource === '') return read('serviceaccount')(node, r);
      if (r.verb !== 'create' || r.name === '') return none('can only create tokens for individual service accounts');
      return r.subresource === 'token' ? byRelation('serviceaccount', node, r) : none('can only create token subresource of serviceaccount');
    },
    'leases.coordination.k8s.io': lease,
    'csinodes.storage.k8s.io': csiNode,
    nodes: nodeObject,
    pods(node, r) {
      const { subresource, verb } = r;
      if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allow : silent;
      if (subresource === 'eviction') return verb === 'create' ? allow : silent;
      if (subresource !== '') return silent;
      if (verb === 'create' || verb === 'delete') return allow;
      if (verb === 'get') return get('pod')(node, r);
      if (verb !== 'list' && verb !== 'watch') return silent;
      if (selectsField(r, 'spec.nodeName', node)) return allow;
      return r.name === '' ? none('can only list/watch pods with spec.nodeName field selector') : byRelation('pod', node, r);
    },
    'resourceslices.resource.k8s.io'(node, r) {
      if (r.subresource !== '') return none('cannot authorize ResourceSlice subresources');
      if (r.verb === 'create') return allow;
      if (['get', 'update', 'patch', 'delete'].includes(r.verb)) return byRelation('slice', node, r);
      if (!['watch', 'list', 'deletecollection'].includes(r.verb)) {
        return none('only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection');
      }
      return selectsField(r, 'spec.nodeName', node) ? allow : none('can only list/watch/deletecollection resourceslices with nodeName field selector');
    },
    'podcertificaterequests.certificates.k8s.io'(node, r) {
      if (features.podCertificates !== true) return silent;
      if (r.subresource !== '') return none('nodes may not access the status subresource of PodCertificateRequests');
      if (r.verb === 'create') return allow;
      if (r.verb === 'get') return byRelation('podcertificate', node, r);
      if (r.verb !== 'list' && r.verb !== 'watch') return none(`nodes may not ${r.verb} podcertificaterequests`);
      return selectsField(r, 'spec.nodeName', node) ? allow : none('can only list/watch podcertificaterequests with nodeName field selector');
    },
  };
  return {
    name: 'Node',
    authorize(request) {
      const node = nodeOf(request.user);
      if (node === undefined) return silent;
      if (node === '') return none(`unknown node for user ${JSON.stringify(request.user.name)}`);
      if (request.isResourceRequest) {
        const decide = byResource[request.apiGroup === '' ? request.resource : `${request.resource}.${request.apiGroup}`];
        if (decide !== undefined) return decide(node, request);
      }
      return rules.some((rule) => ruleAllows(rule, request)) ? allow : silent;
    },
    knownRules: (user) => (nodeOf(user) === undefined ? noRules : unlistable('node authorizer does not support user rule resolution')),
  };
}

