// Service account tokens: issued by the TokenRequest subresource, bound to a pod, node or secret, and verified on
// every request that carries one. A token is good only while the account and what it is bound to exist
// with the same uid. KEP-1205, KEP-4193.
import type { KeyObject } from 'node:crypto';
import type { TokenRequest } from '#api/authentication/v1.ts';
import { rfc3339, type Clock } from '#base/clock.ts';
import { uuid, type Random } from '#base/random.ts';
import { badRequest, conflict, invalid, notFound, unauthorized } from '#machinery';
import type { Identity, KubeObject, ObjectReader } from '../contract.ts';
import { readClaims, signatureIsGood, signToken, type Claims } from './jwt.ts';

export interface TokenSettings {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly privateKey: KeyObject;
  readonly publicKeys: readonly KeyObject[];
  readonly keyId: string;
  /** Upstream's --service-account-max-token-expiration; seconds. */
  readonly maxExpirationSeconds: number;
}

interface Reference {
  readonly name: string;
  readonly uid: string;
}

interface KubernetesClaim {
  readonly namespace: string;
  readonly serviceaccount: Reference;
  readonly pod?: Reference;
  readonly secret?: Reference;
  readonly node?: { readonly name: string; readonly uid?: string };
  readonly warnafter?: number;
}

const verifiedLimit = 10_000;

const boundResources: Readonly<Record<string, string>> = { 'v1/Pod': 'pods', 'v1/Secret': 'secrets', 'v1/Node': 'nodes' };

export interface ServiceAccountTokens {
  issue(namespace: string, name: string, request: TokenRequest): KubeObject;
  /** undefined: not one of ours. Throws 401 for a token of ours that is bad. */
  authenticate(token: string, audiences?: readonly string[]): { identity: Identity; audiences: readonly string[] } | undefined;
}

function checkSpec(spec: TokenRequest['spec'], max: number): number {
  const seconds = spec?.expirationSeconds ?? 3600;
  const field = 'spec.expirationSeconds';
  const problems = [];
  if (seconds < 600) problems.push({ type: 'Invalid' as const, field, badValue: seconds, detail: 'may not specify a duration less than 10 minutes' });
  if (seconds > 2 ** 32) problems.push({ type: 'Invalid' as const, field, badValue: seconds, detail: 'may not specify a duration larger than 2^32 seconds' });
  if (problems.length > 0) throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', problems);
  return Math.min(seconds, max);
}

export function createServiceAccountTokens(clock: Clock, random: Random, reader: ObjectReader, settings: TokenSettings): ServiceAccountTokens {
  /** Tokens whose signature has been checked, by text: verification costs more than the rest of a small request. */
  const verified = new Map<string, Claims>();

  const bound = (namespace: string, account: string, request: TokenRequest): Pick<KubernetesClaim, 'pod' | 'secret' | 'node'> => {
    // Go writes the absent reference as null, and so do clients.
    const ref = request.spec?.boundObjectRef ?? undefined;
    if (ref === undefined) return {};
    const resource = boundResources[`${ref.apiVersion ?? 'v1'}/${ref.kind ?? ''}`];
    if (resource === undefined) throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} to object of kind ${JSON.stringify(ref.kind)}`);
    const object = reader.get('', resource, resource === 'nodes' ? '' : namespace, ref.name ?? '');
    const uid = object?.metadata?.uid ?? '';
    if (object === undefined) throw notFound({ group: '', resource }, ref.name ?? '');
    if (ref.uid !== undefined && ref.uid !== '' && ref.uid !== uid) {
      throw conflict({ group: '', resource }, ref.name ?? '', `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
    }
    const claim = { name: ref.name ?? '', uid };
    if (resource === 'secrets') return { secret: claim };
    if (resource === 'nodes') return { node: claim };
    const spec = object.spec as { serviceAccountName?: string; nodeName?: string } | undefined;
    if (spec?.serviceAccountName !== account) {
      throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`);
    }
    const nodeName = spec.nodeName ?? '';
    const node = nodeName === '' ? undefined : reader.get('', 'nodes', '', nodeName);
    return { pod: claim, ...(node === undefined ? {} : { node: { name: nodeName, uid: node.metadata?.uid ?? '' } }) };
  };

  const stillThere = (resource: string, namespace: string, ref: { name: string; uid?: string }): boolean => {
    const object = reader.get('', resource, namespace, ref.name);
    return object !== undefined && (ref.uid === undefined || object.metadata?.uid === ref.uid);
  };

  const claimsOf = (token: string): Claims | undefined => {
    const known = verified.get(token);
    if (known !== undefined) return known;
    const claims = readClaims(token);
    if (claims?.iss !== settings.issuer) return undefined;
    if (!signatureIsGood(token, settings.publicKeys)) throw unauthorized();
    if (verified.size >= verifiedLimit) verified.clear();
    verified.set(token, claims);
    return claims;
  };

  return {
    issue(namespace, name, request) {
      const account = reader.get('', 'serviceaccounts', namespace, name);
      if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name);
      const seconds = checkSpec(request.spec, settings.maxExpirationSeconds);
      const now = Math.floor(clock.now() / 1000);
      const audiences = request.spec?.audiences?.length ? request.spec.audiences : settings.audiences;
      const claim: KubernetesClaim = { namespace, serviceaccount: { name, uid: account.metadata?.uid ?? '' }, ...bound(namespace, name, request) };
      const token = signToken(
        { aud: audiences, exp: now + seconds, iat: now, iss: settings.issuer, jti: uuid(random), 'kubernetes.io': claim, nbf: now, sub: `system:serviceaccount:${namespace}:${name}` },
        settings.privateKey,
        settings.keyId,
      );
      return {
        ...request,
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name, namespace, creationTimestamp: rfc3339(clock.now()) },
        spec: { ...request.spec, audiences: [...audiences], expirationSeconds: seconds },
        status: { token, expirationTimestamp: rfc3339((now + seconds) * 1000) },
      };
    },
    authenticate(token, wanted = settings.audiences) {
      const claims = claimsOf(token);
      if (claims === undefined) return undefined;
      const now = clock.now() / 1000;
      const own = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []);
      const audiences = wanted.filter((audience) => own.includes(audience));
      const claim = claims['kubernetes.io'] as KubernetesClaim | undefined;
      const bad = claim === undefined || audiences.length === 0 || (claims.exp ?? 0) <= now || (claims.nbf ?? 0) > now + 10;
      if (bad) throw unauthorized();
      const { namespace, serviceaccount, pod, secret, node } = claim;
      const alive =
        stillThere('serviceaccounts', namespace, serviceaccount) &&
        (pod === undefined || stillThere('pods', namespace, pod)) &&
        (secret === undefined || stillThere('secrets', namespace, secret)) &&
        (pod !== undefined || node === undefined || stillThere('nodes', '', node));
      if (!alive) throw unauthorized();
      const prefix = 'authentication.kubernetes.io/';
      const extra: Record<string, string[]> = claims.jti === undefined ? {} : { [`${prefix}credential-id`]: [`JTI=${claims.jti}`] };
      if (pod !== undefined) Object.assign(extra, { [`${prefix}pod-name`]: [pod.name], [`${prefix}pod-uid`]: [pod.uid] });
      if (node !== undefined) Object.assign(extra, { [`${prefix}node-name`]: [node.name], ...(node.uid === undefined ? {} : { [`${prefix}node-uid`]: [node.uid] }) });
      return {
        audiences,
        identity: {
          name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
          uid: serviceaccount.uid,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
          extra,
        },
      };
    },
  };
}
