// An OpenID provider as the server needs it: its discovery document, read again until it comes, and its signing keys,
// fetched again when a token names one that is not known, but by one request at a time and not more often than bearable.
import { sleep, type Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { isObject } from '#machinery';
import { parseJwks, signatureIsGood, type ParsedJwt, type PublicJwk } from '#wire';

/** Reads a document over HTTPS. Rejects for anything but 200. */
export type FetchText = (url: string, headers?: Readonly<Record<string, string>>) => Promise<string>;

export interface Provider {
  /** Why it is not ready. */
  readonly problem: string | undefined;
  /** Is the signature one of the provider's? Throws an Error when its keys cannot be had. */
  hasSigned(token: ParsedJwt): Promise<boolean>;
}

const retryMs = 10_000;
/** A token with a made-up key id must not make the server ask the provider for each of its requests. */
const refreshPauseMs = 1000;

async function discover(fetch: FetchText, issuer: string, discoveryUrl: string): Promise<string> {
  const url = discoveryUrl === '' ? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` : discoveryUrl;
  const document: unknown = JSON.parse(await fetch(url));
  if (!isObject(document)) throw new Error('oidc: failed to decode provider discovery object');
  if (document.issuer !== issuer) throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(issuer)} got ${JSON.stringify(document.issuer ?? '')}`);
  if (typeof document.jwks_uri !== 'string' || document.jwks_uri === '') throw new Error('provider did not return JWKS URL');
  return document.jwks_uri;
}

function keySource(clock: Clock, fetch: FetchText, url: string, fetched: (text: string | undefined) => void): (isWanted: (keys: readonly PublicJwk[]) => boolean) => Promise<readonly PublicJwk[]> {
  let keys: readonly PublicJwk[] = [];
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const refresh = async (): Promise<void> => {
    fetchedAtMs = clock.monotonic();
    try {
      const text = await fetch(url);
      keys = parseJwks(text);
      fetched(text);
    } catch (error) {
      fetched(undefined);
      throw new Error(`failed to verify signature: fetching keys ${errorText(error)}`, { cause: error });
    }
  };
  return async (isWanted) => {
    if (isWanted(keys)) return keys;
    if (running === undefined && clock.monotonic() - fetchedAtMs < refreshPauseMs) return keys;
    running ??= refresh().finally(() => { running = undefined; });
    await running;
    return keys;
  };
}

/** Begins at once and goes on until `signal` aborts. @param fetched gets each set of keys, undefined when they could not be had. */
export function openProvider(world: World, fetch: FetchText, issuer: string, discoveryUrl: string, signal: AbortSignal, fetched: (keys: string | undefined) => void = () => {}): Provider {
  let keysFor: ReturnType<typeof keySource> | undefined;
  let problem: string | undefined = `oidc: authenticator for issuer ${JSON.stringify(issuer)} is not initialized`;
  const initialise = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        keysFor = keySource(world.clock, fetch, await discover(fetch, issuer, discoveryUrl), fetched);
        problem = undefined;
        return;
      } catch (error) {
        problem = errorText(error);
        world.log.error('OpenID provider cannot be used yet', { issuer, error: problem });
      }
      await sleep(world.clock, retryMs, signal).catch(() => undefined);
    }
  };
  void initialise();
  return {
    get problem() {
      return problem;
    },
    async hasSigned(token) {
      if (keysFor === undefined) throw new Error('oidc: authenticator not initialized');
      const { kid = '' } = token.header;
      const fits = (key: PublicJwk): boolean => (kid === '' || key.kid === kid) && signatureIsGood(token, key.key);
      const keys = await keysFor((known) => known.some(fits));
      return keys.some(fits);
    },
  };
}
