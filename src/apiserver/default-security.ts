// Who asks, may he, and what else must hold, put together as a cluster has it by default: certificates and tokens,
// Node and RBAC authorizers, the default admission plugins, reviews, and the default policy.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { TokenRequest } from '#api/authentication/v1.ts';
import type { World } from '#base/world.ts';
import { defaultAdmission } from './admission/index.ts';
import {
  anonymousAuthenticator, bearerAuthenticator, bootstrapTokenCheck, createImpersonation, createServiceAccountTokens, keyId, loopbackAuthenticator, requestHeaderAuthenticator,
  reviewSelf, reviewToken, serviceAccountCheck, staticTokenCheck, x509Authenticator, type TokenCheck,
} from './authn/index.ts';
import { alwaysAllow, alwaysDeny, createAccessReviews, createNodeAuthorizer, createRbacAuthorizer, refusal, unionAuthorizer } from './authz/index.ts';
import { rbacPolicyHook } from './authz/policy-hook.ts';
import type { Authorizer, Creator, Security, SecurityPorts } from './contract.ts';

export type AuthorizationMode = 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny';

export interface SecuritySettings {
  /** PEM private key that signs service account tokens; its public half verifies them. */
  readonly serviceAccountKey: string;
  /** Further public keys that verify (rotation). */
  readonly serviceAccountPublicKeys?: readonly string[];
  readonly issuer: string;
  readonly audiences?: readonly string[];
  readonly authorizationModes: readonly AuthorizationMode[];
  /** CSV of --token-auth-file. */
  readonly tokenFile?: string;
  /** Paths that need no identity. */
  readonly anonymousPaths?: readonly string[];
  /** Is this certificate one of the front proxy's? */
  readonly isProxyCertificate?: (der: Uint8Array) => boolean;
}

/** A connection asks the same with every request: answers are kept as long as its certificate is. */
function remembered(check: ((der: Uint8Array) => boolean) | undefined): (der: Uint8Array) => boolean {
  if (check === undefined) return () => false;
  const answers = new WeakMap<Uint8Array, boolean>();
  return (der) => {
    const known = answers.get(der);
    if (known !== undefined) return known;
    const answer = check(der);
    answers.set(der, answer);
    return answer;
  };
}

const healthPaths = ['/healthz', '/livez', '/readyz'];

/** The function that `createApiServer` calls with its cache and writer. */
export function defaultSecurity(world: World, settings: SecuritySettings): (ports: SecurityPorts) => Security {
  return ({ reader, writer }) => {
    const privateKey = createPrivateKey(settings.serviceAccountKey);
    const publicKey = createPublicKey(privateKey);
    const audiences = settings.audiences ?? [settings.issuer];
    const tokens = createServiceAccountTokens(world.clock, world.random, reader, {
      issuer: settings.issuer,
      audiences,
      privateKey,
      publicKeys: [publicKey, ...(settings.serviceAccountPublicKeys ?? []).map((pem) => createPublicKey(pem))],
      keyId: keyId(publicKey),
      maxExpirationSeconds: 365 * 24 * 3600,
    });
    const checks: TokenCheck[] = [
      ...(settings.tokenFile === undefined ? [] : [staticTokenCheck(settings.tokenFile)]),
      serviceAccountCheck(tokens),
      bootstrapTokenCheck(world.clock, reader),
    ];
    const rbac = createRbacAuthorizer(reader);
    const byMode: Readonly<Record<AuthorizationMode, () => Authorizer>> = {
      Node: () => createNodeAuthorizer(reader),
      RBAC: () => rbac,
      AlwaysAllow: () => alwaysAllow,
      AlwaysDeny: () => alwaysDeny,
    };
    const authorizer = unionAuthorizer(settings.authorizationModes.map((mode) => byMode[mode]()));
    const reviews = createAccessReviews(authorizer, (user, namespace) => rbac.rulesFor(user, namespace));
    const creators: Record<string, Creator> = {
      'authentication.k8s.io/tokenreviews': ({ object }) => reviewToken(object, checks, audiences),
      'authentication.k8s.io/selfsubjectreviews': ({ object, user }) => reviewSelf(object, user, world.clock),
      'authorization.k8s.io/subjectaccessreviews': ({ object }) => reviews.subjectAccessReview(object),
      'authorization.k8s.io/localsubjectaccessreviews': ({ object, namespace }) => reviews.localSubjectAccessReview(object, namespace),
      'authorization.k8s.io/selfsubjectaccessreviews': ({ object, user }) => reviews.selfSubjectAccessReview(object, user),
      'authorization.k8s.io/selfsubjectrulesreviews': ({ object, user }) => reviews.selfSubjectRulesReview(object, user),
      '/serviceaccounts/token': ({ namespace, name, object }) => tokens.issue(namespace, name, object as TokenRequest),
    };
    return {
      authenticators: [
        loopbackAuthenticator,
        ...(settings.isProxyCertificate === undefined ? [] : [requestHeaderAuthenticator(['front-proxy-client'], settings.isProxyCertificate)]),
        x509Authenticator(world.clock, remembered(settings.isProxyCertificate)),
        bearerAuthenticator(checks),
        anonymousAuthenticator(settings.anonymousPaths ?? healthPaths),
      ],
      authorizer,
      admission: defaultAdmission({ reader, writer, clock: world.clock, random: world.random, rbac, authorizer }),
      impersonate: createImpersonation(world, authorizer),
      refusal,
      creators,
      hooks: [rbacPolicyHook],
    };
  };
}
