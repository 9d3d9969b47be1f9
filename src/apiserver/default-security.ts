// Who asks, may he, and what else must hold, put together as a cluster has it by default: certificates and tokens,
// Node and RBAC authorizers, the default admission plugins, reviews, and the default policy.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { TokenRequest } from '#api/authentication/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { World } from '#base/world.ts';
import { keyIdOf } from '#wire';
import { defaultAdmission, enabledPlugins, type AdmissionSettings } from './admission/index.ts';
import {
  anonymousAuthenticator, bearerAuthenticator, bootstrapTokenCheck, cachedCheck, commonHeaders, configurationPath, configuredTokens, createImpersonation, createTokenIssuer, fixedKeys, forApiAudiences, jwksPath, keySigner, loopbackAuthenticator,
  openIdMetadata, readTokenFile, requestHeaderAuthenticator, reviewSelf, reviewToken, serviceAccountCheck, staticTokenCheck, tokenWebhookCheck, x509Authenticator,
  type AnonymousSettings, type CertificateTest, type ConfiguredTokenSettings, type ExternalSigner, type RequestHeaderSettings, type TokenCheck, type TokenKeys, type TokenSigner,
} from './authn/index.ts';
import {
  alwaysAllow, alwaysDeny, authorizerRow, createAbacAuthorizer, createAccessReviews, createNodeAuthorizer, createRbacAuthorizer, readPolicies, refusal, unionAuthorizer, type RowSettings,
} from './authz/index.ts';
import type { RoleFeatures } from './authz/feature-roles.ts';
import { rbacPolicyHook } from './authz/policy-hook.ts';
import { paramPermission } from './policies/index.ts';
import type { Egress } from './egress/index.ts';
import { outsidePlugins, reviewClient } from './webhooks/index.ts';
import type { Creator, FixedDocument, KubeObject, Security, SecurityPorts } from './contract.ts';

export type AuthorizationMode = 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny' | 'ABAC' | 'Webhook';

export interface WebhookFile {
  readonly kubeconfig: string;
  readonly version: 'v1' | 'v1beta1';
}

export interface SecuritySettings extends RoleFeatures {
  /** PEM private key that signs service account tokens; its public half verifies them. Not asked for with an external signer. */
  readonly serviceAccountKey: string;
  /** Signs service account tokens and has the keys that verify them, instead of this server. */
  readonly externalSigner?: ExternalSigner;
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
  /** Such tokens live no longer than this; absent: a year. */
  readonly maxExtendedSeconds?: number;
  readonly authorizationModes: readonly AuthorizationMode[];
  /** --authorization-config: instead of the modes. */
  readonly authorizationFile?: string;
  /** --authorization-policy-file, for ABAC. */
  readonly policyFile?: { readonly path: string; readonly text: string };
  readonly authorizationWebhook?: WebhookFile & { readonly authorizedMs: number; readonly unauthorizedMs: number };
  readonly tokenWebhook?: WebhookFile & { readonly cacheMs: number };
  /** JWTs of OpenID providers. */
  readonly jwt?: Pick<ConfiguredTokenSettings, 'source' | 'fetcher' | 'algorithms' | 'anonymousByFlag'>;
  readonly admission?: AdmissionSettings;
  /** Impersonation may be permitted for single actions. Absent: yes. */
  readonly constrainedImpersonation?: boolean;
  /** Ends what runs beside requests: looking at files, asking providers. */
  readonly signal?: AbortSignal;
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
  /** Are client certificates asked who they are at all? true when absent. */
  readonly clientCertificates?: boolean;
  /** false: tokens out of Secrets are good without looking whether the Secret is still there. */
  readonly lookUpAccounts?: boolean;
  /** Who this server is, among several; for metrics. */
  readonly serverId?: string;
  /** What the connections of token and access webhooks leave through. */
  readonly egress?: Egress;
}

const healthPaths = ['/healthz', '/livez', '/readyz'];

/** Made anew when the keys are others. */
function documentsOf(settings: SecuritySettings, tokenKeys: TokenKeys, world: World): Readonly<Record<string, FixedDocument>> {
  const make = () => openIdMetadata(settings.issuer, settings.jwksUri ?? '', settings.externalAddress ?? 'kubernetes.default.svc', tokenKeys.all());
  try {
    let current = make();
    tokenKeys.onChange(() => {
      try {
        current = make();
      } catch (error) {
        world.log.warn('OpenID discovery shows the keys of before', { error: error instanceof Error ? error.message : String(error) });
      }
    });
    const document = (contentType: string, body: () => string): FixedDocument => ({
      contentType,
      get cacheControl() {
        return `public, max-age=${tokenKeys.maxAgeSeconds()}`;
      },
      get body() {
        return body();
      },
    });
    return {
      [configurationPath]: document('application/json', () => current.configuration),
      [jwksPath]: document('application/jwk-set+json', () => current.keys),
    };
  } catch (error) {
    world.log.info('no OpenID discovery of service account tokens', { issuer: settings.issuer, reason: error instanceof Error ? error.message : String(error) });
    return {};
  }
}

function rowSettings({ authorizationModes, authorizationFile, authorizationWebhook: hook, serverId, egress }: SecuritySettings): RowSettings {
  return {
    modes: authorizationModes, file: authorizationFile, serverId, dial: egress?.controlPlane,
    ...(hook === undefined ? {} : { webhook: { kubeconfig: hook.kubeconfig, settings: { name: 'default', version: hook.version, authorizedMs: hook.authorizedMs, unauthorizedMs: hook.unauthorizedMs, onError: 'none' } } }),
  };
}

function ownSigner({ serviceAccountKey, serviceAccountPublicKeys = [] }: SecuritySettings): { readonly signer: TokenSigner; readonly keys: TokenKeys } {
  const privateKey = createPrivateKey(serviceAccountKey);
  const publicKey = createPublicKey(privateKey);
  return { signer: keySigner(privateKey, keyIdOf(publicKey)), keys: fixedKeys([publicKey, ...serviceAccountPublicKeys.map((pem) => createPublicKey(pem))]) };
}

/** The function that `createApiServer` calls with its cache and writer. */
export function defaultSecurity(world: World, settings: SecuritySettings): (ports: SecurityPorts) => Security {
  return ({ reader, writer, resources, webhooks }) => {
    const { clock, random } = world;
    const { signer, keys } = settings.externalSigner === undefined ? ownSigner(settings) : { signer: settings.externalSigner, keys: settings.externalSigner };
    const audiences = settings.audiences ?? [settings.issuer];
    const issueToken = createTokenIssuer({ clock, random, reader, writer }, {
      issuer: settings.issuer, audiences, signer, maxExpirationSeconds: settings.maxTokenSeconds ?? 0, extendExpiration: settings.extendTokens ?? true,
      ...(settings.maxExtendedSeconds === undefined ? {} : { maxExtendedSeconds: settings.maxExtendedSeconds }),
    });
    const checks: TokenCheck[] = [
      ...(settings.tokenFile === undefined ? [] : [forApiAudiences(staticTokenCheck(readTokenFile(settings.tokenFile.path, settings.tokenFile.text, (text) => world.log.warn(text))), audiences)]),
      serviceAccountCheck({ clock, metrics: world.metrics, reader, writer }, { issuers: [settings.issuer, ...(settings.formerIssuers ?? [])], audiences, keys, lookUp: settings.lookUpAccounts !== false }),
      ...(settings.bootstrapTokens === false ? [] : [forApiAudiences(bootstrapTokenCheck(clock, reader), audiences)]),
    ];
    const signal = settings.signal ?? new AbortController().signal;
    const issuers = [settings.issuer, ...(settings.formerIssuers ?? [])];
    const jwt = settings.jwt === undefined ? undefined : configuredTokens(world, { ...settings.jwt, apiAudiences: audiences, serviceAccountIssuers: issuers, serverId: settings.serverId }, signal);
    if (jwt !== undefined) checks.push(jwt.check);
    if (settings.tokenWebhook !== undefined) {
      const { kubeconfig, version, cacheMs } = settings.tokenWebhook;
      const client = reviewClient(world, kubeconfig, settings.egress?.controlPlane);
      signal.addEventListener('abort', () => void client.close(), { once: true });
      checks.push(cachedCheck(clock, { successMs: cacheMs, failureMs: cacheMs, metrics: world.metrics }, tokenWebhookCheck(world, client, version, audiences)));
    }
    const rbac = createRbacAuthorizer(reader);
    const abac = settings.policyFile === undefined ? undefined : createAbacAuthorizer(readPolicies(settings.policyFile.path, settings.policyFile.text));
    const authorizer = unionAuthorizer(authorizerRow(world, rowSettings(settings), { Node: createNodeAuthorizer(reader, settings), RBAC: rbac, AlwaysAllow: alwaysAllow, AlwaysDeny: alwaysDeny, ABAC: abac }, signal));
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
    const findKind = (apiVersion: string, kind: string): ResourceInfo | undefined =>
      resources.served.map((served) => served.info).find((info) => info.kind === kind && apiVersion === (info.group === '' ? info.version : `${info.group}/${info.version}`));
    const isProxy = settings.isProxyCertificate;
    const isClient = settings.isClientCertificate === undefined ? (der: Uint8Array) => isProxy?.(der) !== true : settings.isClientCertificate;
    const anonymous = settings.anonymous ?? { enabled: true, paths: healthPaths };
    const enabled = enabledPlugins(settings.admission?.plugins ?? {});
    const outside = outsidePlugins(world, {
      matching: { reader, writer, resources }, caller: webhooks, authorizer, configuration: settings.admission?.configuration?.raw, isEnabled: (name) => enabled.some((each) => each === name),
    });
    return {
      authenticators: [
        loopbackAuthenticator,
        ...(isProxy === undefined ? [] : [requestHeaderAuthenticator(settings.requestHeader ?? commonHeaders, isProxy)]),
        ...(settings.clientCertificates === false ? [] : [x509Authenticator(clock, isClient, world.metrics)]),
        bearerAuthenticator(checks),
        anonymousAuthenticator(() => jwt?.anonymous() ?? anonymous),
      ],
      authorizer,
      admission: [...defaultAdmission({ reader, writer, clock, random, metrics: world.metrics, rbac, authorizer, webhooks: outside, findKind }, { ...settings.admission, podCertificates: settings.podCertificates === true }), paramPermission({ reader, resources, authorizer })],
      impersonate: createImpersonation(world, authorizer, settings.constrainedImpersonation),
      refusal,
      creators,
      hooks: [rbacPolicyHook(settings)],
      documents: documentsOf(settings, keys, world),
    };
  };
}
