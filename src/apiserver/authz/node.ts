// The Node authorizer: a kubelet may read just what the pods bound to its node refer to. Relationships are
// looked up in the server's own cache at the moment of the question (pods by spec.nodeName through an
// index), so there is no graph to keep in step. Upstream: Node authorization mode.
import type { Pod } from '#api/core/v1.ts';
import type { Attributes, Authorizer, Identity, KubeObject, ObjectReader, Verdict } from '../contract.ts';
import { clusterRoles } from './default-cluster-roles.ts';
import { podReferences } from './pod-references.ts';
import { ruleAllows } from './rule-match.ts';
import { rulesOfTable } from './default-policy.ts';

const allow: Verdict = { decision: 'allow', reason: '' };

function none(reason: string): Verdict {
  return { decision: 'none', reason };
}

/** The node a user stands for: undefined for non-nodes, '' for a node without a usable name. */
export function nodeOf(user: Identity): string | undefined {
  if (!user.groups.includes('system:nodes')) return undefined;
  return user.name.startsWith('system:node:') ? user.name.slice('system:node:'.length) : '';
}

/** What a node may do regardless of which pods it runs. */
const nodeRules = rulesOfTable(clusterRoles, 'system:node');

function readOne(request: Attributes, verbs: readonly string[], refusal: string): Verdict | undefined {
  if (!verbs.includes(request.verb)) return none(refusal);
  if (request.subresource !== '') return none(verbs.length === 1 ? 'cannot get subresource' : 'cannot read subresource');
  return request.name === '' ? none('No Object name found') : undefined;
}

/** The only object name a field selector like `metadata.name=x` leaves, else ''. */
function selected(selector: string | undefined, field: string): string {
  const match = selector?.split(',').map((part) => /^([^=!]+)==?([^=]*)$/.exec(part)).find((m) => m?.[1] === field);
  return match?.[2] ?? '';
}

export function createNodeAuthorizer(reader: ObjectReader): Authorizer {
  const related = (node: string, kind: string, namespace: string, name: string): boolean =>
    reader.where('', 'pods', 'spec.nodeName', node).some((pod) => podReferences(pod as Pod & KubeObject, reader).has(`${kind} ${namespace}/${name}`));

  const relatedOr = (node: string, kind: string, request: Attributes): Verdict =>
    related(node, kind, request.namespace, request.name) ? allow : none(`no relationship found between node '${node}' and this object`);

  const byResource: Readonly<Record<string, (node: string, request: Attributes) => Verdict | undefined>> = {
    secrets: (node, r) => readOne(r, ['get', 'list', 'watch'], 'can only read resources of this type') ?? relatedOr(node, 'secret', r),
    configmaps: (node, r) => readOne(r, ['get', 'list', 'watch'], 'can only read resources of this type') ?? relatedOr(node, 'configmap', r),
    persistentvolumeclaims(node, r) {
      if (r.subresource === 'status') return ['update', 'patch'].includes(r.verb) ? relatedOr(node, 'pvc', r) : none('can only get/update/patch this type');
      return readOne(r, ['get'], 'can only get individual resources of this type') ?? relatedOr(node, 'pvc', r);
    },
    persistentvolumes: (node, r) => readOne(r, ['get'], 'can only get individual resources of this type') ?? relatedOr(node, 'pv', r),
    'resourceclaims.resource.k8s.io': (node, r) => readOne(r, ['get'], 'can only get individual resources of this type') ?? relatedOr(node, 'resourceclaim', r),
    'volumeattachments.storage.k8s.io'(node, r) {
      const refusal = readOne(r, ['get'], 'can only get individual resources of this type');
      if (refusal !== undefined) return refusal;
      const attachment = reader.get('storage.k8s.io', 'volumeattachments', '', r.name) as { spec?: { nodeName?: string } } | undefined;
      return attachment?.spec?.nodeName === node ? allow : none(`no relationship found between node '${node}' and this object`);
    },
    serviceaccounts(node, r) {
      if (r.verb === 'get' && r.subresource === '') return relatedOr(node, 'serviceaccount', r);
      if (r.verb !== 'create' || r.name === '') return none('can only create tokens for individual service accounts');
      if (r.subresource !== 'token') return none('can only create token subresource of serviceaccount');
      return relatedOr(node, 'serviceaccount', r);
    },
    'leases.coordination.k8s.io'(node, r) {
      if (!['get', 'create', 'update', 'patch', 'delete'].includes(r.verb)) return none('can only get, create, update, patch, or delete a node lease');
      if (r.namespace !== 'kube-node-lease') return none('can only access leases in the "kube-node-lease" system namespace');
      if (r.verb !== 'create' && r.name !== node) return none('can only access node lease with the same name as the requesting node');
      return allow;
    },
    'csinodes.storage.k8s.io'(node, r) {
      if (!['get', 'create', 'update', 'patch', 'delete'].includes(r.verb)) return none('can only get, create, update, patch, or delete a CSINode');
      if (r.subresource !== '') return none('cannot authorize CSINode subresources');
      if (r.verb !== 'create' && r.name !== node) return none('can only access CSINode with the same name as the requesting node');
      return allow;
    },
    nodes(node, r) {
      // Single-object reads of other nodes are refused; lists must select the node itself.
      if (r.subresource === '' && ['get', 'list', 'watch'].includes(r.verb)) {
        const name = r.name === '' ? selected(r.fieldSelector, 'metadata.name') : r.name;
        if (name !== node) return none(`node '${node}' cannot read '${name}', only its own Node object`);
      }
      return undefined;
    },
    pods(node, r) {
      if (r.subresource !== '') return undefined;
      if (r.verb === 'list' || r.verb === 'watch') {
        if (selected(r.fieldSelector, 'spec.nodeName') === node || r.name !== '') return undefined;
        return none(`can only list/watch pods with spec.nodeName field selector`);
      }
      if (r.verb === 'get') {
        const pod = reader.get('', 'pods', r.namespace, r.name) as Pod | undefined;
        return pod === undefined || pod.spec?.nodeName === node ? undefined : none(`no relationship found between node '${node}' and this object`);
      }
      return undefined;
    },
  };

  return {
    name: 'Node',
    authorize(request) {
      const node = nodeOf(request.user);
      if (node === undefined) return none('');
      if (node === '') return none(`unknown node for user ${JSON.stringify(request.user.name)}`);
      if (request.isResourceRequest) {
        const key = request.apiGroup === '' ? request.resource : `${request.resource}.${request.apiGroup}`;
        const verdict = byResource[key]?.(node, request);
        if (verdict !== undefined) return verdict;
      }
      return nodeRules.some((rule) => ruleAllows(rule, request)) ? allow : none('');
    },
  };
}
