// Plugins about the namespace that a request is for: NamespaceLifecycle (nothing is made in one that is not there or is
// going away, and the system's own stay), and two that are off by default: NamespaceExists and NamespaceAutoProvision.
import { forbidden, isAlreadyExists, notFound } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, ObjectReader, ObjectWriter } from '../contract.ts';
import { refused } from './refused.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);
/** Questions about namespaces that need not exist. */
const reviews = new Set(['localsubjectaccessreviews']);

function isNamespace({ resource }: AdmissionRequest): boolean {
  return resource.group === '' && resource.plural === 'namespaces';
}

function isReview({ resource }: AdmissionRequest): boolean {
  return resource.group === 'authorization.k8s.io' && reviews.has(resource.plural);
}

export function namespaceLifecycle(reader: ObjectReader, writer: Pick<ObjectWriter, 'lookup'>): AdmissionPlugin {
  const check = async (request: AdmissionRequest): Promise<void> => {
    const { operation, namespace, name, resource } = request;
    if (operation === 'DELETE' && isNamespace(request)) {
      if (immortal.has(name)) throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted');
      return;
    }
    if (!resource.namespaced || isNamespace(request) || operation === 'DELETE' || isReview(request)) return;
    let found = reader.get('', 'namespaces', '', namespace);
    // A create right after its namespace, or right after that was deleted, must be told from the store.
    found ??= await writer.lookup('', 'namespaces', '', namespace);
    if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
    if (operation !== 'CREATE' || (found.status as { phase?: string } | undefined)?.phase !== 'Terminating') return;
    const refusal = refused(request, `unable to create new content in namespace ${namespace} because it is being terminated`);
    refusal.status.details = { ...refusal.status.details, causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }] };
    throw refusal;
  };
  return {
    name: 'NamespaceLifecycle',
    handles: (operation, resource) => (operation === 'DELETE' ? resource.group === '' && resource.plural === 'namespaces' : resource.namespaced && (operation === 'CREATE' || operation === 'UPDATE')),
    // Before what other plugins look up in the namespace: their refusals would only hide that it is missing.
    mutate: check,
  };
}

export function namespaceExists(reader: ObjectReader, writer: Pick<ObjectWriter, 'lookup'>): AdmissionPlugin {
  return {
    name: 'NamespaceExists',
    handles: (operation, resource) => operation !== 'CONNECT' && resource.namespaced,
    async validate(request) {
      const { namespace } = request;
      if (isNamespace(request) || isReview(request) || reader.get('', 'namespaces', '', namespace) !== undefined) return;
      if ((await writer.lookup('', 'namespaces', '', namespace)) === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
    },
  };
}

export function namespaceAutoProvision(reader: ObjectReader, writer: Pick<ObjectWriter, 'create'>): AdmissionPlugin {
  return {
    name: 'NamespaceAutoProvision',
    handles: (operation, resource) => operation === 'CREATE' && resource.namespaced,
    async mutate(request) {
      const { namespace } = request;
      if (request.dryRun || isNamespace(request) || reader.get('', 'namespaces', '', namespace) !== undefined) return;
      const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
      await writer.create('', 'namespaces', object).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    },
  };
}
