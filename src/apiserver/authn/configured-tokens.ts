// JWTs of OpenID providers and who may be anonymous, as the --oidc-* flags or an AuthenticationConfiguration say it. A
// changed file is in force within seconds: its providers are opened beside the old ones, which are then closed.
import type { AuthenticationConfiguration } from '#api/apiserver/v1.ts';
import type { World } from '#base/world.ts';
import { decodeConfiguration, watchConfiguration } from '../configuration/watched-file.ts';
import type { AnonymousSettings } from './anonymous.ts';
import { jwtCheck, signingAlgorithms, type OidcParts } from './oidc/authenticator.ts';
import { compileJwtAuthenticators } from './oidc/configuration.ts';
import { cachedCheck } from './token-cache.ts';
import { askInOrder, forApiAudiences, type TokenCheck } from './token-checks.ts';

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
}

interface Opened {
  readonly check: TokenCheck;
  readonly anonymous: AnonymousSettings | undefined;
  close(): void;
}

const successMs = 10_000;
/** Requests with the old tokens are answered before their providers go. */
const farewellMs = 60_000;

function anonymousOf({ anonymous }: AuthenticationConfiguration): AnonymousSettings | undefined {
  return anonymous === undefined ? undefined : { enabled: anonymous.enabled === true, paths: (anonymous.conditions ?? []).map((condition) => condition.path ?? '') };
}

/** Throws an Error when the configuration is bad. */
export function configuredTokens(world: World, settings: ConfiguredTokenSettings, signal: AbortSignal): ConfiguredTokens {
  const open = (configuration: AuthenticationConfiguration): Opened => {
    const compiled = compileJwtAuthenticators(configuration, settings.serviceAccountIssuers);
    const stop = new AbortController();
    const parts: OidcParts = { world, fetcher: settings.fetcher, algorithms: settings.algorithms ?? signingAlgorithms, signal: AbortSignal.any([signal, stop.signal]) };
    const checks = compiled.map((one) => jwtCheck(parts, one));
    const all: TokenCheck = (question) => askInOrder(checks, question);
    return {
      check: forApiAudiences(cachedCheck(world.clock, { successMs, failureMs: 0 }, all), settings.apiAudiences),
      anonymous: anonymousOf(configuration),
      close: () => stop.abort(new Error('the authentication configuration has changed')),
    };
  };
  const { source } = settings;
  const read = (text: string): Opened => open(decodeConfiguration(text, 'AuthenticationConfiguration', ['v1', 'v1beta1', 'v1alpha1']) as AuthenticationConfiguration);
  const opened = 'path' in source
    ? watchConfiguration(world, source.path, 'authentication', signal, read, (old) => void world.clock.after(farewellMs, () => old.close(), { background: true }))
    : { current: open(source.configuration) };
  return { check: (question) => opened.current.check(question), anonymous: () => opened.current.anonymous };
}
