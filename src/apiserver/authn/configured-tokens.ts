// JWTs of OpenID providers and who may be anonymous, as the --oidc-* flags or an AuthenticationConfiguration say it. A
// changed file is in force within seconds: its providers are opened beside the old ones, which are then closed.
import type { AuthenticationConfiguration } from '#api/apiserver/v1.ts';
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { decodeConfiguration } from '../configuration/decode-file.ts';
import { watchConfiguration } from '../configuration/watched-file.ts';
import type { AnonymousSettings } from './anonymous.ts';
import { jwtCheck, signingAlgorithms, type JwtCheck, type OidcParts } from './oidc/authenticator.ts';
import { compileJwtAuthenticators } from './oidc/configuration.ts';
import { createJwtMetrics } from './oidc/token-metrics.ts';
import { cachedCheck } from './token-cache.ts';
import { askInOrder, forApiAudiences, joinedErrors, type TokenCheck } from './token-checks.ts';

export interface ConfiguredTokens {
  readonly check: TokenCheck;
  /** What the file says of them; undefined where it says nothing. */
  readonly anonymous: () => AnonymousSettings | undefined;
}

export interface ConfiguredTokenSettings {
  /** A file, or what the flags amount to. */
  readonly source: { readonly path: string } | { readonly configuration: AuthenticationConfiguration };
  readonly fetcher: OidcParts['fetcher'];
  /** All, unless flags say otherwise. */
  readonly algorithms?: readonly string[];
  readonly apiAudiences: readonly string[];
  /** Issuers of service account tokens: nobody else may be one of them. */
  readonly serviceAccountIssuers: readonly string[];
  /** Who this server is, among several; for metrics. */
  readonly serverId?: string;
  /** --anonymous-auth was given: the file may not say it as well. */
  readonly anonymousByFlag?: boolean;
}

interface Opened {
  readonly check: TokenCheck;
  readonly issuers: readonly JwtCheck[];
  readonly anonymous: AnonymousSettings | undefined;
  close(): void;
}

const successMs = 10_000;
/** Requests with the old tokens are answered before their providers go. */
const farewellMs = 60_000;
/** So long may new providers take until they can be asked; until then the old ones are. */
const readyWithinMs = 60_000;
const firstReadyLookMs = 100;
const readyLookMs = 10_000;

function anonymousOf({ anonymous }: AuthenticationConfiguration): AnonymousSettings | undefined {
  return anonymous === undefined ? undefined : { enabled: anonymous.enabled === true, paths: (anonymous.conditions ?? []).map((condition) => condition.path ?? '') };
}

/** Throws an Error when the configuration is bad. */
export function configuredTokens(world: World, settings: ConfiguredTokenSettings, signal: AbortSignal): ConfiguredTokens {
  const metrics = createJwtMetrics(world, settings.serverId);
  const open = (configuration: AuthenticationConfiguration): Opened => {
    const compiled = compileJwtAuthenticators(configuration, settings.serviceAccountIssuers);
    const stop = new AbortController();
    const parts: OidcParts = { world, fetcher: settings.fetcher, algorithms: settings.algorithms ?? signingAlgorithms, metrics, signal: AbortSignal.any([signal, stop.signal]) };
    const checks = compiled.map((one) => jwtCheck(parts, one));
    const all: TokenCheck = (question) => askInOrder(checks, question);
    return {
      check: forApiAudiences(cachedCheck(world.clock, { successMs, failureMs: 0, metrics: world.metrics }, all), settings.apiAudiences),
      issuers: checks,
      anonymous: anonymousOf(configuration),
      close: () => stop.abort(new Error('the authentication configuration has changed')),
    };
  };
  const { source } = settings;
  let first: AnonymousSettings | undefined;
  let opened: { readonly current: Opened } | undefined;
  const read = (text: string): Opened => {
    const configuration = decodeConfiguration(text, 'AuthenticationConfiguration', ['v1', 'v1beta1', 'v1alpha1']) as AuthenticationConfiguration;
    const anonymous = anonymousOf(configuration);
    if (opened !== undefined && JSON.stringify(anonymous) !== JSON.stringify(first)) throw new Error('anonymous: Forbidden: changed from initial configuration file');
    return open(configuration);
  };
  opened = 'path' in source
    ? watchConfiguration(world, { path: source.path, name: 'authentication', serverId: settings.serverId }, signal, {
        load: read,
        ready: (next, end) => healthy(world, next.issuers, end),
        changed(old, next) {
          const now = new Set(next.issuers.map(({ issuer }) => issuer));
          world.clock.after(farewellMs, () => {
            old.close();
            for (const { issuer } of old.issuers) if (!now.has(issuer)) metrics.forget(issuer);
          }, { background: true });
        },
        discarded: (next) => next.close(),
      })
    : { current: open(source.configuration) };
  first = opened.current.anonymous;
  if (first !== undefined && settings.anonymousByFlag === true) {
    opened.current.close();
    throw new Error('anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file');
  }
  const now = opened;
  return { check: (question) => now.current.check(question), anonymous: () => now.current.anonymous };
}

/** Resolves when every provider has been heard of. Rejects with what is wrong when that takes too long. */
async function healthy(world: World, issuers: readonly JwtCheck[], signal: AbortSignal): Promise<void> {
  const until = world.clock.monotonic() + readyWithinMs;
  // A provider that answers at once is heard of at the second look.
  for (let pauseMs = firstReadyLookMs; ; pauseMs = Math.min(pauseMs * 2, readyLookMs)) {
    const problems = issuers.flatMap(({ issuer, provider: { problem } }) => (problem === undefined ? [] : [`oidc: authenticator for issuer ${JSON.stringify(issuer)} is not healthy: ${problem}`]));
    if (problems.length === 0) return;
    if (world.clock.monotonic() + pauseMs > until) throw new Error(joinedErrors([...problems, 'context deadline exceeded']));
    await sleep(world.clock, pauseMs, signal);
  }
}
