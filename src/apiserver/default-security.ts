// Who asks, may he, and what else must hold, put together as a cluster has it by default: certificates and tokens,
// Node and RBAC authorizers, the default admission plugins, reviews, and the default policy.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { TokenRequest } from '#api/authentication/v1.ts';
import type { World } from '#base/world.ts';
import { keyIdOf } from '#wire';
import { defaultAdmission } from './admission/index.ts';
import {
  anonymousAuthenticator, bearerAuthenticator, bootstrapTokenCheck, commonHeaders, configurationPath, createImpersonation, createTokenIssuer, forApiAudiences, jwksPath, loopbackAuthenticator,
  openIdCacheSeconds, openIdMetadata, readTokenFile, rememberedTest, requestHeaderAuthenticator, reviewSelf, reviewToken, serviceAccountCheck, staticTokenCheck, x509Authenticator,
  type AnonymousSettings, type CertificateTest, type RequestHeaderSettings, type TokenCheck,
} from './authn/index.ts';
import { alwaysAllow, alwaysDeny, createAccessReviews, createNodeAuthorizer, createRbacAuthorizer, refusal, unionAuthorizer, type RuleSource } from './authz/index.ts';
import { rbacPolicyHook } from './authz/policy-hook.ts';
import { admissionPolicies } from './policies/index.ts';
import { admissionWebhooks } from './webhooks/index.ts';
import type { Creator, FixedDocument, KubeObject, Security, SecurityPorts } from './contract.ts';

export type AuthorizationMode = 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny';

export interface SecuritySettings {
  /** PEM private key that signs service account tokens; its public half verifies them. */
  readonly serviceAccountKey: string;
  /** Further keys that verify (rotation), PEM. */
  readonly serviceAccountPublicKeys?: readonly string[];
  /** The issuer of new tokens. */
  readonly issuer: string;
  /** Issuers whose tokens are taken as well. */
  readonly formerIssuers?: readonly string[];
  /** The API's own audiences; the issuer when absent. */
  readonly audiences?: readonly string[];
  /** Where relying parties find the keys, when not at this server. */
  readonly jwksUri?: string;
  /** host:port under which clients reach this server. */
  readonly externalAddress?: string;
  /** 0 or absent: as long as they are asked for. */
  readonly maxTokenSeconds?: number;
  /** Tokens of pods live a year though they ask for an hour; true when absent. */
  readonly extendTokens?: boolean;
  readonly authorizationModes: readonly AuthorizationMode[];
  /** --token-auth-file. */
  readonly tokenFile?: { readonly path: string; readonly text: string };
  /** true when absent. */
  readonly bootstrapTokens?: boolean;
  readonly anonymous?: AnonymousSettings;
  readonly requestHeader?: RequestHeaderSettings;
  /** Is this certificate one of the front proxy's CA? */
  readonly isProxyCertificate?: CertificateTest;
  /** Is it one of the client CA's? Absent: all that are not the front proxy's. */
  readonly isClientCertificate?: CertificateTest;
}

const healthPaths = ['/healthz', '/livez', '/readyz'];

function documentsOf(settings: SecuritySettings, publicKeys: Parameters<typeof openIdMetadata>[3], world: World): Readonly<Record<string, FixedDocument>> {
  try {
    const { configuration, keys } = openIdMetadata(settings.issuer, settings.jwksUri ?? '', settings.externalAddress ?? 'kubernetes.default.svc', publicKeys);
    const cacheControl = `public, max-age=${openIdCacheSeconds}`;
    return {
      [configurationPath]: { contentType: 'application/json', cacheControl, body: configuration },
      [jwksPath]: { contentType: 'application/jwk-set+json', cacheControl, body: keys },
    };
  } catch (error) {
    world.log.info('no OpenID discovery of service account tokens', { issuer: settings.issuer, reason: error instanceof Error ? error.message : String(error) });
    return {};
  }
}

/** The function that `createApiServer` calls with its cache and writer. */
export function defaultSecurity(world: World, settings: SecuritySettings): (ports: SecurityPorts) => Security {
  return ({ reader, writer, resources, webhooks }) => {
    const { clock, random } = world;
    const privateKey = createPrivateKey(settings.serviceAccountKey);
    const publicKeys = [createPublicKey(privateKey), ...(settings.serviceAccountPublicKeys ?? []).map((pem) => createPublicKey(pem))];
    const audiences = settings.audiences ?? [settings.issuer];
    const issueToken = createTokenIssuer({ clock, random, reader, writer }, {
      issuer: settings.issuer, audiences, privateKey, keyId: keyIdOf(createPublicKey(privateKey)), maxExpirationSeconds: settings.maxTokenSeconds ?? 0, extendExpiration: settings.extendTokens ?? true,
    });
    const checks: TokenCheck[] = [
      ...(settings.tokenFile === undefined ? [] : [forApiAudiences(staticTokenCheck(readTokenFile(settings.tokenFile.path, settings.tokenFile.text, (text) => world.log.warn(text))), audiences)]),
      serviceAccountCheck({ clock, metrics: world.metrics, reader, writer }, { issuers: [settings.issuer, ...(settings.formerIssuers ?? [])], audiences, publicKeys }),
      ...(settings.bootstrapTokens === false ? [] : [forApiAudiences(bootstrapTokenCheck(clock, reader), audiences)]),
    ];
    const rbac = createRbacAuthorizer(reader);
    const byMode: Readonly<Record<AuthorizationMode, () => RuleSource>> = {
      Node: () => createNodeAuthorizer(reader),
      RBAC: () => rbac,
      AlwaysAllow: () => alwaysAllow,
      AlwaysDeny: () => alwaysDeny,
    };
    const authorizer = unionAuthorizer(settings.authorizationModes.map((mode) => byMode[mode]()));
    const reviews = createAccessReviews(authorizer);
    const creators: Record<string, Creator> = {
      'authentication.k8s.io/tokenreviews': ({ object, notes }) => reviewToken(object, checks, audiences, notes),
      'authentication.k8s.io/selfsubjectreviews': ({ object, user }) => reviewSelf(object, user, clock),
      'authorization.k8s.io/subjectaccessreviews': ({ object }) => reviews.subjectAccessReview(object),
      'authorization.k8s.io/localsubjectaccessreviews': ({ object, namespace }) => reviews.localSubjectAccessReview(object, namespace),
      'authorization.k8s.io/selfsubjectaccessreviews': ({ object, user }) => reviews.selfSubjectAccessReview(object, user),
      'authorization.k8s.io/selfsubjectrulesreviews': ({ object, user }) => reviews.selfSubjectRulesReview(object, user),
      '/serviceaccounts/token': ({ namespace, name, object, notes }) => issueToken({ namespace, name, object: object as TokenRequest & KubeObject, notes }),
    };
    const isProxy = settings.isProxyCertificate === undefined ? undefined : rememberedTest(settings.isProxyCertificate);
    const isClient = settings.isClientCertificate === undefined ? (der: Uint8Array) => isProxy?.(der) !== true : rememberedTest(settings.isClientCertificate);
    const anonymous = settings.anonymous ?? { enabled: true, paths: healthPaths };
    const policies = admissionPolicies(world, { reader, writer, resources }, authorizer);
    return {
      authenticators: [
        loopbackAuthenticator,
        ...(isProxy === undefined ? [] : [requestHeaderAuthenticator(settings.requestHeader ?? commonHeaders, isProxy)]),
        x509Authenticator(clock, isClient),
        bearerAuthenticator(checks),
        anonymousAuthenticator(() => anonymous),
      ],
      authorizer,
      admission: defaultAdmission({ reader, writer, clock, random, metrics: world.metrics, rbac, authorizer, webhooks: [...policies.plugins, ...admissionWebhooks(world, { reader, writer, resources }, webhooks, policies.compileConditions)] }),
      impersonate: createImpersonation(world, authorizer),
      refusal,
      creators,
      hooks: [rbacPolicyHook],
      documents: documentsOf(settings, publicKeys, world),
    };
  };
}
