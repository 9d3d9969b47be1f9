// Creates that store nothing: reviews and tokens, answered by the functions that security supplies.
import { badRequest, noSuchPath, normalize, type KubeObject } from '#machinery';
import { answerVersioned, type Presentation } from '../answer/object-answer.ts';
import { agreeOnNamespace } from '../registry/metadata.ts';
import { asStored } from '../registry/current.ts';
import { admissionRequest } from '../registry/admission-chain.ts';
import { parseWriteQuery } from '../request/query-options.ts';
import { kindHead } from '../cache/stored-form.ts';
import { anyHandling, builtInHandling } from '../registry/kind-handling.ts';
import { serve } from '../registry/resources.ts';
import { decodeBody, presentationOf, type Target } from './endpoint.ts';
import { formatApiVersion, gvkOfType } from '#machinery';
import { notesOf } from '../request/call.ts';

/** The presentation of an answer of another type than the resource's own. */
export function presentationFor(target: Target, type: string, what: 'object' | 'review' = 'object'): Presentation {
  const { group, version, kind } = gvkOfType(type);
  const info = { ...target.served.info, group, version, kind, type };
  const served = { ...serve(info, undefined), head: kindHead(kind, formatApiVersion(group, version)) };
  return { ...presentationOf({ ...target, served }, what), served };
}

export async function createVirtual(target: Target): Promise<void> {
  const { server, call, served, subresource } = target;
  const key = `${served.info.group}/${served.info.plural}${subresource === '' ? '' : `/${subresource}`}`;
  const creator = server.creators[key];
  if (creator === undefined) throw noSuchPath();
  const type = subresource === '' ? served.info.type : served.info.subresources.find((sub) => sub.name === subresource)?.type;
  const presentation = presentationFor(target, type ?? '', 'review');
  const query = parseWriteQuery(call.info.query);
  const object = await decodeBody(target, query, type === undefined ? anyHandling : builtInHandling(type), presentation.served.head.apiVersion);
  agreeOnNamespace(asStored(object), served.info.namespaced, target.namespace);
  const own = object.metadata?.name ?? '';
  if (target.name !== '' && own !== '' && own !== target.name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${target.name})`);
  const dryRun = query.dryRun.length > 0;
  const request = { ...target, user: call.user, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' }, dryRun, signal: call.signal, ...notesOf(call) };
  const admission = admissionRequest(request, 'CREATE', object, undefined);
  await server.registry.admission.mutate(admission);
  await server.registry.admission.validate(admission);
  const answered: KubeObject = await creator({ resource: served.info, subresource, namespace: target.namespace, name: target.name, object, user: call.user, dryRun, notes: request });
  const shown = type === undefined ? answered : { kind: presentation.served.head.kind, apiVersion: presentation.served.head.apiVersion, ...normalize(type, answered) };
  await answerVersioned(call, 201, presentation, shown);
}
