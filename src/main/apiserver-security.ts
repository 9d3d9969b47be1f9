// From the flags of the API server to who may ask, what he may do and what else must hold. Everything wrong with them is
// told at once, in upstream's words.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type AuthorizationMode, openExternalSigner, pluginChoiceErrors, readAdmissionConfiguration, roleFeatures, serverIdentity, signedBy, type SecuritySettings } from '#apiserver';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { type Dial, httpTransport, pemBlocks, readWhole } from '#wire';
import { UserError } from '#cli';
import type { ApiserverFlags } from './apiserver-flags.ts';
import type { ProgramEgress } from './egress.ts';
import { featureGates } from './feature-gates.ts';

const modes: readonly string[] = ['AlwaysAllow', 'AlwaysDeny', 'ABAC', 'Webhook', 'RBAC', 'Node'];
const signingAlgorithms: readonly string[] = ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];
const oidcFlags = [
  'oidc-issuer-url', 'oidc-client-id', 'oidc-ca-file', 'oidc-username-claim', 'oidc-username-prefix', 'oidc-groups-claim', 'oidc-groups-prefix', 'oidc-signing-algs', 'oidc-required-claim',
] as const;
const fetchTimeoutMs = 30_000;
const largestDocumentBytes = 1 << 20;

function isMode(text: string): text is AuthorizationMode {
  return modes.includes(text);
}

function authenticationErrors(flags: ApiserverFlags): string[] {
  const errors: string[] = [];
  const usesOidc = oidcFlags.some((flag) => flags.given(flag));
  if (flags.get('authentication-config') !== '' && usesOidc) errors.push('authentication-config file and oidc-* flags are mutually exclusive');
  else if (usesOidc && (flags.get('oidc-issuer-url') === '' || flags.get('oidc-client-id') === '')) errors.push('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set');
  for (const alg of flags.get('oidc-signing-algs')) if (!signingAlgorithms.includes(alg)) errors.push(`oidc: unsupported signing alg: ${JSON.stringify(alg)}`);
  const issuers = flags.get('service-account-issuer');
  if (issuers.length === 0) errors.push('service-account-issuer is a required flag');
  for (const [at, issuer] of issuers.entries()) {
    if (issuer === '') errors.push('service-account-issuer should not be an empty string');
    else if (issuer.includes(':') && !URL.canParse(issuer)) errors.push(`service-account-issuer ${JSON.stringify(issuer)} contained a ':' but was not a valid URL: invalid URL`);
    else if (issuers.indexOf(issuer) < at) errors.push(`service-account-issuer ${JSON.stringify(issuer)} is already specified`);
  }
  errors.push(...signingErrors(flags));
  const jwks = flags.get('service-account-jwks-uri');
  if (jwks !== '' && !jwks.startsWith('https://')) errors.push(`service-account-jwks-uri requires https scheme, parsed as: ${jwks}`);
  const longest = flags.get('service-account-max-token-expiration');
  if (longest !== 0 && (longest < 3_600_000 || longest > 2 ** 32 * 1000)) errors.push('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds');
  return errors;
}

const abstractSocket = /^@([a-zA-Z0-9_-]+\.)*[a-zA-Z0-9_-]+$/;

/** Keys out of files, or a signer outside. */
function signingErrors(flags: ApiserverFlags): string[] {
  const endpoint = flags.get('service-account-signing-endpoint');
  const hasKey = flags.get('service-account-signing-key-file') !== '';
  const hasKeys = flags.get('service-account-key-file').length > 0;
  const errors: string[] = [];
  if (endpoint === '') {
    if (!hasKey) errors.push('service-account-signing-key-file and service-account-issuer are required flags');
    if (!hasKeys) errors.push('either `--service-account-key-file` or `--service-account-signing-endpoint` must be set');
    return errors;
  }
  if (hasKey || hasKeys) errors.push("can't set `--service-account-signing-key-file` and/or `--service-account-key-file` with `--service-account-signing-endpoint` (They are mutually exclusive)");
  if (endpoint.startsWith('@') && !abstractSocket.test(endpoint)) errors.push(`invalid value ${JSON.stringify(endpoint)} passed for \`--service-account-signing-endpoint\`, when prefixed with @ must be a valid abstract socket name`);
  return errors;
}

const expirationExtensionSeconds = 365 * 24 * 3600;
const warnOnlySeconds = 3607;

/** The same settings with the signer outside that the flags name. Rejects when it does not answer, or not well. */
export async function withExternalSigner(world: World, flags: ApiserverFlags, settings: SecuritySettings, signal: AbortSignal): Promise<SecuritySettings> {
  const socket = flags.get('service-account-signing-endpoint');
  if (socket === '') return settings;
  const externalSigner = await openExternalSigner(world, { socket, maxTokenSeconds: settings.maxTokenSeconds ?? 0, signal });
  const maxTokenSeconds = settings.maxTokenSeconds === undefined || settings.maxTokenSeconds === 0 ? externalSigner.maxTokenSeconds : settings.maxTokenSeconds;
  const maxExtendedSeconds = Math.min(externalSigner.maxTokenSeconds, expirationExtensionSeconds);
  if (settings.extendTokens === true && maxTokenSeconds < warnOnlySeconds) {
    world.log.warn('service-account-extend-token-expiration is true, in order to correctly trigger safe transition logic, token lifetime supported by external-jwt-signer must be longer', { seconds: warnOnlySeconds, now: maxTokenSeconds });
  }
  return { ...settings, externalSigner, maxTokenSeconds, maxExtendedSeconds };
}

function authorizationErrors(flags: ApiserverFlags): string[] {
  const row = flags.get('authorization-mode');
  const hookFlags = ['authorization-webhook-config-file', 'authorization-webhook-version', 'authorization-webhook-cache-authorized-ttl', 'authorization-webhook-cache-unauthorized-ttl'] as const;
  if (flags.get('authorization-config') !== '') {
    const isLegacy = flags.given('authorization-mode') || hookFlags.some((flag) => flags.given(flag));
    return isLegacy ? ['--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined'] : [];
  }
  const errors = row.filter((mode) => !isMode(mode)).map((mode) => `authorization-mode ${JSON.stringify(mode)} is not a valid mode`);
  const policy = flags.get('authorization-policy-file');
  const hook = flags.get('authorization-webhook-config-file');
  if (row.includes('ABAC') && policy === '') errors.push("authorization-mode ABAC's authorization policy file not passed");
  if (row.includes('Webhook') && hook === '') errors.push("authorization-mode Webhook's authorization config file not passed");
  if (policy !== '' && !row.includes('ABAC')) errors.push('cannot specify --authorization-policy-file without mode ABAC');
  if (hook !== '' && !row.includes('Webhook')) errors.push('cannot specify --authorization-webhook-config-file without mode Webhook');
  if (new Set(row).size < row.length) errors.push(`authorization-mode [${row.map((mode) => JSON.stringify(mode)).join(' ')}] has mode specified more than once`);
  return errors;
}

function pluginChoice(flags: ApiserverFlags) {
  return { enable: flags.get('enable-admission-plugins'), disable: flags.get('disable-admission-plugins'), ...(flags.given('admission-control') ? { only: flags.get('admission-control') } : {}) };
}

/** What is wrong with the flags together. */
export function securityFlagErrors(flags: ApiserverFlags): string[] {
  return [...authenticationErrors(flags), ...authorizationErrors(flags), ...pluginChoiceErrors(pluginChoice(flags))];
}

/** A flag that names a bundle of authorities. */
export type FileFlag = 'client-ca-file' | 'requestheader-client-ca-file';

/** The text of a file that a flag names. Throws UserError. */
export function readFlagFile(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`--${flag}: open ${path}: ${errorText(error)}`, 'name a file that the server may read', error);
  }
}

/** Documents of OpenID providers, by what they trust and the way out that they name. */
function documentFetcher(world: World, { forIssuer }: ProgramEgress): NonNullable<SecuritySettings['jwt']>['fetcher'] {
  return (ca, egress) => {
    const dial = forIssuer(egress);
    return (url, headers = {}) => fetchDocument(world, url, headers, ca, dial);
  };
}

/** @param ca PEM; without it the system's authorities. */
async function fetchDocument(world: World, url: string, headers: Readonly<Record<string, string>>, ca: string | undefined, dial: Dial | undefined): Promise<string> {
  const { origin, pathname, search } = new URL(url);
  const transport = httpTransport({ url: origin, clock: world.clock, ...(ca === undefined || ca === '' ? {} : { ca }), connectTimeoutMs: fetchTimeoutMs, dial });
  const giveUp = new AbortController();
  const timer = world.clock.after(fetchTimeoutMs, () => giveUp.abort(new Error(`Get ${JSON.stringify(url)}: context deadline exceeded`)), { background: true });
  try {
    const response = await transport.request({ method: 'GET', path: pathname + search, headers: { accept: 'application/json', ...headers }, signal: giveUp.signal });
    const document = await readWhole(response.body, largestDocumentBytes, () => new Error(`Get ${JSON.stringify(url)}: the document is too large`));
    const text = document.toString();
    if (response.status !== 200) throw new Error(`${response.status}: ${text.slice(0, 1024)}`);
    return text;
  } finally {
    timer.cancel();
    await transport.close();
  }
}

/** The one JWT authenticator that the --oidc-* flags amount to. */
function oidcByFlags(flags: ApiserverFlags): NonNullable<SecuritySettings['jwt']>['source'] {
  const issuer = flags.get('oidc-issuer-url');
  const claim = flags.get('oidc-username-claim');
  const given = flags.get('oidc-username-prefix');
  const prefix = given === '-' ? '' : given === '' && claim !== 'email' ? `${issuer}#` : given;
  const caFile = flags.get('oidc-ca-file');
  const groups = flags.get('oidc-groups-claim');
  return {
    configuration: {
      jwt: [{
        issuer: { url: issuer, audiences: [flags.get('oidc-client-id')], ...(caFile === '' ? {} : { certificateAuthority: readFlagFile(caFile, 'oidc-ca-file') }) },
        claimMappings: { username: { claim, prefix }, ...(groups === '' ? {} : { groups: { claim: groups, prefix: flags.get('oidc-groups-prefix') } }) },
        claimValidationRules: Object.entries(flags.get('oidc-required-claim')).map(([name, requiredValue]) => ({ claim: name, requiredValue })),
      }],
    },
  };
}

function jwtOf(world: World, flags: ApiserverFlags, egress: ProgramEgress): Partial<SecuritySettings> {
  const path = flags.get('authentication-config');
  const fetcher = documentFetcher(world, egress);
  if (path !== '') return { jwt: { source: { path }, fetcher, anonymousByFlag: flags.given('anonymous-auth') } };
  return flags.get('oidc-issuer-url') === '' ? {} : { jwt: { source: oidcByFlags(flags), fetcher, algorithms: flags.get('oidc-signing-algs') } };
}

function keysOf(path: string, flag: string): string[] {
  return pemBlocks(readFlagFile(path, flag)).map(({ label, der }) => `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`);
}

function version(text: string): 'v1' | 'v1beta1' {
  return text === 'v1' ? 'v1' : 'v1beta1';
}

function webhooksOf(flags: ApiserverFlags): Partial<SecuritySettings> {
  const token = flags.get('authentication-token-webhook-config-file');
  const access = flags.get('authorization-webhook-config-file');
  return {
    ...(token === '' ? {} : { tokenWebhook: { kubeconfig: token, version: version(flags.get('authentication-token-webhook-version')), cacheMs: flags.get('authentication-token-webhook-cache-ttl') } }),
    ...(access === '' ? {} : {
      authorizationWebhook: {
        kubeconfig: access, version: version(flags.get('authorization-webhook-version')), authorizedMs: flags.get('authorization-webhook-cache-authorized-ttl'), unauthorizedMs: flags.get('authorization-webhook-cache-unauthorized-ttl'),
      },
    }),
  };
}

function certificatesOf(world: World, flags: ApiserverFlags, authorities: Authorities): Partial<SecuritySettings> {
  const isClient = signedBy(world.clock, authorities.client);
  const own = flags.get('client-ca-file') === '' ? { clientCertificates: false } : { isClientCertificate: isClient };
  if (flags.get('requestheader-client-ca-file') === '') return own;
  return {
    ...own,
    isProxyCertificate: signedBy(world.clock, authorities.proxy),
    requestHeader: {
      allowedNames: flags.get('requestheader-allowed-names'), usernameHeaders: flags.get('requestheader-username-headers'), uidHeaders: flags.get('requestheader-uid-headers'),
      groupHeaders: flags.get('requestheader-group-headers'), extraHeaderPrefixes: flags.get('requestheader-extra-headers-prefix'),
    },
  };
}

function filesOf(flags: ApiserverFlags): Partial<SecuritySettings> {
  const tokens = flags.get('token-auth-file');
  const policies = flags.get('authorization-policy-file');
  const authorization = flags.get('authorization-config');
  return {
    ...(tokens === '' ? {} : { tokenFile: { path: tokens, text: readFlagFile(tokens, 'token-auth-file') } }),
    ...(policies === '' ? {} : { policyFile: { path: policies, text: readFlagFile(policies, 'authorization-policy-file') } }),
    ...(authorization === '' ? {} : { authorizationFile: authorization }),
  };
}

/** PEM bundles, asked for whenever they are needed. */
export interface Authorities {
  client(): string;
  proxy(): string;
}

/** Who may do everything is somebody: AlwaysAllow and anonymous requests do not go together. */
function anonymousAuth(world: World, flags: ApiserverFlags, row: readonly string[]): boolean {
  const enabled = flags.get('anonymous-auth');
  const allows = row.length === 0 ? flags.get('authorization-config') === '' : row.includes('AlwaysAllow');
  if (!enabled || !allows) return enabled;
  world.log.warn('AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false. You should use a different authorizer');
  return false;
}

/**
 * Throws UserError with everything that is wrong.
 * @param authorities of certificates, as they are now.
 * @param externalAddress host:port under which clients reach the server.
 * @param alone no cluster made by `skiff up`: anonymous requests are as kube-apiserver has them.
 * @param egress what connections leave the server through.
 */
export function securityOf(world: World, flags: ApiserverFlags, authorities: Authorities, externalAddress: string, signal: AbortSignal, alone: boolean, egress: ProgramEgress): SecuritySettings {
  const errors = securityFlagErrors(flags);
  if (errors.length > 0) throw new UserError(errors.join('\n'), 'skiff server --help lists all flags');
  const [issuer = '', ...formerIssuers] = flags.get('service-account-issuer');
  const audiences = flags.get('api-audiences');
  const configuration = flags.get('admission-control-config-file');
  const row = flags.get('authorization-mode');
  const gates = featureGates(flags.get('feature-gates'));
  return {
    serviceAccountKey: flags.get('service-account-signing-endpoint') === '' ? readFlagFile(flags.get('service-account-signing-key-file'), 'service-account-signing-key-file') : '',
    serviceAccountPublicKeys: flags.get('service-account-key-file').flatMap((path) => keysOf(path, 'service-account-key-file')),
    issuer, formerIssuers, externalAddress, signal, serverId: serverIdentity(hostname()), egress: egress.egress,
    ...(audiences.length === 0 ? {} : { audiences }),
    jwksUri: flags.get('service-account-jwks-uri'),
    maxTokenSeconds: flags.get('service-account-max-token-expiration') / 1000,
    extendTokens: flags.get('service-account-extend-token-expiration'),
    bootstrapTokens: flags.get('enable-bootstrap-token-auth'),
    // A cluster lets nobody in beyond its health, unless its owner says so.
    ...(alone || flags.given('anonymous-auth') ? { anonymous: { enabled: anonymousAuth(world, flags, row), paths: [] } } : {}),
    lookUpAccounts: flags.get('service-account-lookup'),
    authorizationModes: row.length === 0 ? ['AlwaysAllow'] : row.filter(isMode),
    ...roleFeatures((gate) => gates.on(gate)),
    constrainedImpersonation: gates.on('ConstrainedImpersonation'),
    admission: {
      plugins: pluginChoice(flags),
      limitsAudiences: gates.on('ServiceAccountNodeAudienceRestriction'),
      labelsTopology: gates.on('PodTopologyLabelsAdmission'),
      notReadySeconds: flags.get('default-not-ready-toleration-seconds'),
      unreachableSeconds: flags.get('default-unreachable-toleration-seconds'),
      allowPrivileged: flags.get('allow-privileged'),
      ...(configuration === '' ? {} : { configuration: readAdmissionConfiguration(configuration, (path) => readFlagFile(path, 'admission-control-config-file')) }),
    },
    ...jwtOf(world, flags, egress), ...webhooksOf(flags), ...certificatesOf(world, flags, authorities), ...filesOf(flags),
  };
}
