// Issues service account tokens: the TokenRequest subresource (KEP-1205). A token may be bound to a pod, a node or a
// Secret; one that a pod's volume asked for on its own lives a year, with a note when a fresh one was due (KEP-1205's
// way out of the tokens that never expired).
import type { TokenRequest } from '#api/authentication/v1.ts';
import { rfc3339, type Clock } from '#base/clock.ts';
import { uuid, type Random } from '#base/random.ts';
import { badRequest, conflict, goQuote, internalError, invalid, invalidValue, notFound, type FieldError } from '#machinery';
import { errorText } from '#base/errors.ts';
import type { JwtClaims } from '#wire';
import type { CreateCall, KubeObject, ObjectReader, ObjectWriter } from '../contract.ts';
import type { KubernetesClaim, Reference } from './service-account-claims.ts';
import type { TokenSigner } from './token-keys.ts';

export interface IssuerSettings {
  readonly issuer: string;
  /** Of tokens that are asked for without any. */
  readonly audiences: readonly string[];
  readonly signer: TokenSigner;
  /** --service-account-max-token-expiration; 0 sets no bound. */
  readonly maxExpirationSeconds: number;
  readonly extendExpiration: boolean;
  /** The longest life of an extended token; absent: a year. */
  readonly maxExtendedSeconds?: number;
}

/** Throws 500 when nobody signs. */
async function signed(signer: TokenSigner, claims: JwtClaims, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await signer.sign(claims, signal);
  } catch (error) {
    throw internalError(new Error(`failed to generate token: ${errorText(error)}`));
  }
}

export interface IssuerParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly reader: ObjectReader;
  readonly writer: Pick<ObjectWriter, 'lookup'>;
}

const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
/** What the ServiceAccount admission plugin writes into token volumes, and no human does. */
const injectedExpirationSeconds = 3607;
const extendedExpirationSeconds = 365 * 24 * 3600;

function specErrors(seconds: number): FieldError[] {
  const field = 'spec.expirationSeconds';
  if (seconds < 600) return [invalidValue(field, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > 2 ** 32 ? [invalidValue(field, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
}

function checkHead(sent: KubeObject['metadata'], namespace: string, name: string): void {
  if ((sent?.name ?? '') !== '' && sent?.name !== name) throw invalid(kind, name, [invalidValue('metadata.name', sent?.name, 'must match the service account name if specified')]);
  if ((sent?.namespace ?? '') !== '' && sent?.namespace !== namespace) throw invalid(kind, name, [invalidValue('metadata.namespace', sent?.namespace, 'must match the service account namespace if specified')]);
}

export type IssueToken = (call: Pick<CreateCall, 'namespace' | 'name' | 'notes'> & { readonly object: TokenRequest & KubeObject }) => Promise<KubeObject>;

export function createTokenIssuer({ clock, random, reader, writer }: IssuerParts, settings: IssuerSettings): IssueToken {
  const find = async (resource: string, namespace: string, name: string): Promise<KubeObject | undefined> =>
    reader.get('', resource, namespace, name) ?? (await writer.lookup('', resource, namespace, name));

  const mustFind = async (resource: string, namespace: string, name: string): Promise<KubeObject> => {
    const object = await find(resource, namespace, name);
    if (object === undefined) throw notFound({ group: '', resource }, name);
    return object;
  };

  const podClaim = async (pod: KubeObject, account: string): Promise<Pick<KubernetesClaim, 'pod' | 'node'>> => {
    const spec = pod.spec as { serviceAccountName?: string; nodeName?: string } | undefined;
    if (spec?.serviceAccountName !== account) throw badRequest(`cannot bind token for serviceaccount ${goQuote(account)} to pod running with different serviceaccount name.`);
    const nodeName = spec.nodeName ?? '';
    const node = nodeName === '' ? undefined : await find('nodes', '', nodeName);
    return { pod: referenceTo(pod), ...(nodeName === '' ? {} : { node: node === undefined ? { name: nodeName } : referenceTo(node) }) };
  };

  const bound = async (namespace: string, account: string, spec: TokenRequest['spec']): Promise<Pick<KubernetesClaim, 'pod' | 'secret' | 'node'>> => {
    // Go writes the absent reference as null, and so do clients.
    const ref = spec?.boundObjectRef ?? undefined;
    if (ref === undefined) return {};
    const { apiVersion = '', kind: refKind = '', name = '', uid: wanted = '' } = ref;
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const resource = group === '' ? { Pod: 'pods', Node: 'nodes', Secret: 'secrets' }[refKind] : undefined;
    if (resource === undefined) throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${refKind}`);
    const object = await mustFind(resource, resource === 'nodes' ? '' : namespace, name);
    const claim = resource === 'pods' ? await podClaim(object, account) : resource === 'nodes' ? { node: referenceTo(object) } : { secret: referenceTo(object) };
    if (wanted !== '' && wanted !== object.metadata?.uid) {
      throw conflict({ group: '', resource: refKind }, name, `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`);
    }
    return claim;
  };

  return async ({ namespace, name, object: request, notes }) => {
    checkHead(request.metadata, namespace, name);
    const account = await mustFind('serviceaccounts', namespace, name);
    const uid = account.metadata?.uid ?? '';
    const sentUid = request.metadata?.uid ?? '';
    if (sentUid !== '' && sentUid !== uid) {
      throw conflict({ group: kind.group, resource: kind.kind }, name, `the UID in the token request (${sentUid}) does not match the UID of the service account (${uid})`);
    }
    let seconds = request.spec?.expirationSeconds ?? 3600;
    const errors = specErrors(seconds);
    if (errors.length > 0) throw invalid(kind, '', errors);
    const audiences = request.spec?.audiences?.length ? request.spec.audiences : settings.audiences;
    const claim = await bound(namespace, name, request.spec);
    if (settings.maxExpirationSeconds > 0 && seconds > settings.maxExpirationSeconds) {
      notes.warn(`requested expiration of ${seconds} seconds shortened to ${settings.maxExpirationSeconds} seconds`);
      seconds = settings.maxExpirationSeconds;
    }
    const now = Math.floor(clock.now() / 1000);
    const extended = settings.extendExpiration && claim.pod !== undefined && seconds === injectedExpirationSeconds && audiences.every((audience) => settings.audiences.includes(audience));
    const jti = uuid(random);
    const kubernetes: KubernetesClaim = { namespace, ...nodeFirst(claim), serviceaccount: { name, uid }, ...(extended ? { warnafter: now + seconds } : {}) };
    const exp = now + (extended ? (settings.maxExtendedSeconds ?? extendedExpirationSeconds) : seconds);
    const claims = { aud: audiences, exp, iat: now, iss: settings.issuer, jti, 'kubernetes.io': kubernetes, nbf: now, sub: `system:serviceaccount:${namespace}:${name}` };
    const token = await signed(settings.signer, claims, notes.signal);
    notes.annotate('authentication.kubernetes.io/issued-credential-id', `JTI=${jti}`);
    return {
      ...request,
      apiVersion: `${kind.group}/v1`,
      kind: kind.kind,
      metadata: { ...request.metadata, name, namespace, uid, creationTimestamp: rfc3339(clock.now()) },
      spec: { ...request.spec, audiences: [...audiences], expirationSeconds: seconds },
      status: { token, expirationTimestamp: rfc3339((now + seconds) * 1000) },
    };
  };
}

function referenceTo(object: KubeObject): Reference {
  return { name: object.metadata?.name ?? '', uid: object.metadata?.uid ?? '' };
}

/** Claims are written in the order of their names. */
function nodeFirst({ node, pod, secret }: Pick<KubernetesClaim, 'node' | 'pod' | 'secret'>): Pick<KubernetesClaim, 'node' | 'pod' | 'secret'> {
  return { ...(node === undefined ? {} : { node }), ...(pod === undefined ? {} : { pod }), ...(secret === undefined ? {} : { secret }) };
}
