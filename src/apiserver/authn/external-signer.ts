// Service account tokens signed outside this server (KEP-740, --service-account-signing-endpoint): the claims go to a gRPC
// service on a unix socket, which answers a header and a signature; its public keys are fetched, kept as long as it says,
// and fetched again when a token names one that is not known. What it answers is checked as upstream does.
import { createPublicKey } from 'node:crypto';
import { errorText, wrap } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { goQuote } from '#machinery';
import { grpcClient, GrpcError, type GrpcClient, type JwtClaims } from '#wire';
import { errorCode } from '../encryption/index.ts';
import { formatGoDuration } from '../configuration/duration-text.ts';
import { createSignerMetrics, type SignerMetrics } from './external-signer-metrics.ts';
import type { TokenKey, TokenKeys, TokenSigner } from './token-keys.ts';

const method = (name: string): object => ({ requestType: `${name}Request`, responseType: `${name}Response` });
const timestamp: Readonly<Record<string, object>> = { Timestamp: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } } };
const messages: Readonly<Record<string, object>> = {
  ExternalJWTSigner: { methods: { Sign: method('SignJWT'), FetchKeys: method('FetchKeys'), Metadata: method('Metadata') } },
  SignJWTRequest: { fields: { claims: { type: 'string', id: 1 } } },
  SignJWTResponse: { fields: { header: { type: 'string', id: 1 }, signature: { type: 'string', id: 2 } } },
  FetchKeysRequest: { fields: {} },
  FetchKeysResponse: { fields: { keys: { rule: 'repeated', type: 'Key', id: 1 }, data_timestamp: { type: 'google.protobuf.Timestamp', id: 2 }, refresh_hint_seconds: { type: 'int64', id: 3 } } },
  Key: { fields: { key_id: { type: 'string', id: 1 }, key: { type: 'bytes', id: 2 }, exclude_from_oidc_discovery: { type: 'bool', id: 3 } } },
  MetadataRequest: { fields: {} },
  MetadataResponse: { fields: { max_token_expiration_seconds: { type: 'int64', id: 1 } } },
};

/** protobuf.js's JSON form of externaljwt/apis/v1. */
export const externalSignerSchema = { nested: { google: { nested: { protobuf: { nested: timestamp } } }, v1: { nested: messages } } };

const service = 'v1.ExternalJWTSigner';
const keySyncMs = 60_000;
const metadataMs = 10_000;
/** How soon keys are asked for again that could not be fetched. */
const fallbackMs = 10_000;
const leastTokenSeconds = 600;
const mostKeyIdLength = 1024;
const algorithms: ReadonlySet<unknown> = new Set(['RS256', 'ES256', 'ES384', 'ES512']);
const headerFields: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);

export interface ExternalSigner extends TokenSigner, TokenKeys {
  /** The longest life of a token that it signs. */
  readonly maxTokenSeconds: number;
}

export interface ExternalSignerSettings {
  /** A path, or "@name" of the abstract namespace. */
  readonly socket: string;
  /** --service-account-max-token-expiration; 0: as long as the signer likes. */
  readonly maxTokenSeconds: number;
  /** Ends the connection and what is fetched on the way. */
  readonly signal: AbortSignal;
}

interface FetchedKeys {
  readonly keys: readonly TokenKey[];
  /** Seconds since the epoch. */
  readonly dataTimestamp: number;
  /** Wall time. */
  readonly refreshAtMs: number;
}

type Call = (method: 'Sign' | 'FetchKeys' | 'Metadata', request: object, limits: { readonly withinMs?: number; readonly signal?: AbortSignal | undefined }) => Promise<Record<string, unknown>>;

/** Connects, fetches the keys and asks how long tokens may live. Rejects with upstream's texts. */
export async function openExternalSigner(world: World, settings: ExternalSignerSettings): Promise<ExternalSigner> {
  const metrics = createSignerMetrics(world.metrics);
  const { socket, signal } = settings;
  const client = await grpcClient({
    schema: externalSignerSchema, service, address: socket.startsWith('@') ? `unix-abstract:${socket.slice(1)}` : `unix:${socket}`, authority: 'localhost', waitForReady: true,
  });
  const call = caller(world, client, metrics);
  try {
    const keys = createKeyCache(world, call, metrics, signal);
    await keys.fill();
    const maxTokenSeconds = await lifetime(call, settings);
    keys.follow();
    signal.addEventListener('abort', () => client.close(), { once: true });
    const sign = async (claims: JwtClaims, until?: AbortSignal): Promise<string> => {
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
      const { header, signature } = await call('Sign', { claims: payload }, { signal: until }).catch((error: unknown) => {
        throw wrap('while signing jwt', error);
      });
      await checkHeader(header, keys).catch((error: unknown) => {
        throw wrap('while validating header', error);
      });
      if (typeof signature !== 'string' || signature === '') throw new Error('empty signature returned');
      return `${String(header)}.${payload}.${signature}`;
    };
    return {
      ...keys, maxTokenSeconds,
      async sign(claims, until) {
        try {
          const token = await sign(claims, until);
          metrics.signed(undefined);
          return token;
        } catch (error) {
          metrics.signed(error);
          throw error;
        }
      },
    };
  } catch (error) {
    client.close();
    throw error instanceof TooShortError ? error : wrap('while setting up external-jwt-signer', error);
  }
}

function caller({ clock }: World, client: GrpcClient, metrics: SignerMetrics): Call {
  return async (method, request, { withinMs, signal }) => {
    const started = clock.monotonic();
    const told = (error?: unknown): void => metrics.called(`/${service}/${method}`, error, (clock.monotonic() - started) / 1000);
    try {
      const answer = await client.unary(method, request, { ...(withinMs === undefined ? {} : { deadlineMs: clock.now() + withinMs }), ...(signal === undefined ? {} : { signal }) });
      told();
      return answer;
    } catch (error) {
      told(error);
      throw error instanceof GrpcError ? new GrpcError(error.code, `rpc error: code = ${errorCode(error)} desc = ${error.message}`, undefined) : error;
    }
  };
}

/** How long tokens may live. Throws when that is too short, or shorter than this server was told. */
async function lifetime(call: Call, { maxTokenSeconds: wanted }: ExternalSignerSettings): Promise<number> {
  const { max_token_expiration_seconds: told } = await call('Metadata', {}, { withinMs: metadataMs });
  const seconds = Number(told);
  if (seconds < leastTokenSeconds) throw new TooShortError(`max token life supported by external-jwt-signer (${seconds}s) is less than acceptable (min ${leastTokenSeconds}s)`);
  if (wanted > seconds) {
    throw new TooShortError(
      `service-account-max-token-expiration cannot be set longer than the token expiration supported by service-account-signing-endpoint: ${formatGoDuration(wanted * 1000)} > ${formatGoDuration(seconds * 1000)}`,
    );
  }
  return seconds;
}

class TooShortError extends Error {
  override readonly name = 'TooShortError';
}

interface KeyCache extends TokenKeys {
  /** The first keys. Rejects when there are none. */
  fill(): Promise<void>;
  /** From now on keys are fetched again in time. */
  follow(): void;
}

function createKeyCache({ clock, log }: World, call: Call, metrics: SignerMetrics, signal: AbortSignal): KeyCache {
  const listeners: (() => void)[] = [];
  let current: FetchedKeys = { keys: [], dataTimestamp: 0, refreshAtMs: 0 };
  let running: Promise<void> | undefined;
  const fetch = async (): Promise<void> => {
    let next: FetchedKeys;
    try {
      const answer = await call('FetchKeys', {}, { withinMs: keySyncMs, signal }).catch((error: unknown) => {
        throw wrap('while getting externally supported jwt signing keys', error);
      });
      next = fetchedKeys(answer, clock.now());
      metrics.fetched(undefined, clock.now() / 1000);
    } catch (error) {
      metrics.fetched(error, 0);
      throw wrap('while fetching token verification keys', error);
    }
    const before = current;
    current = next;
    metrics.dataTimestamp(next.dataTimestamp);
    if (isChanged(before, next)) for (const listener of listeners) listener();
  };
  /** Whoever asks while keys are under way gets the same. */
  const sync = (): Promise<void> => (running ??= fetch().finally(() => void (running = undefined)));
  const known = (id: string): readonly TokenKey[] => current.keys.filter((key) => key.id === id);
  const followIn = (delayMs: number): void => {
    const timer = clock.after(Math.max(0, delayMs), () => {
      sync().then(
        () => followIn(current.refreshAtMs - clock.now()),
        (error: unknown) => {
          if (signal.aborted) return;
          log.error('keys of the external signer are not current', { error: errorText(error) });
          followIn(fallbackMs);
        },
      );
    }, { background: true });
    signal.addEventListener('abort', () => timer.cancel(), { once: true });
  };
  return {
    all: () => current.keys,
    find(id) {
      const found = known(id);
      if (found.length > 0) return found;
      return sync().then(() => known(id), (error: unknown) => {
        log.error('keys of the external signer cannot be fetched', { error: errorText(error) });
        return [];
      });
    },
    maxAgeSeconds: () => Math.max(0, Math.floor((current.refreshAtMs - clock.now()) / 1000)),
    onChange: (listener) => void listeners.push(listener),
    fill: () => sync().catch((error: unknown) => {
      throw wrap('while initially filling key cache: while performing initial cache fill', error);
    }),
    follow: () => followIn(current.refreshAtMs - clock.now()),
  };
}

function isChanged(before: FetchedKeys, after: FetchedKeys): boolean {
  if (before.dataTimestamp !== after.dataTimestamp || before.keys.length !== after.keys.length) return true;
  return before.keys.some((key, at) => key.id !== after.keys[at]?.id || key.isHidden !== after.keys[at]?.isHidden);
}

/** Throws an Error for an answer that makes no sense. */
function fetchedKeys({ keys, data_timestamp: timestamp, refresh_hint_seconds: hint }: Record<string, unknown>, nowMs: number): FetchedKeys {
  const refreshSeconds = Number(hint);
  if (refreshSeconds <= 0) throw new Error(`found invalid refresh hint (${refreshSeconds}s)`);
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('found no keys');
  return { dataTimestamp: secondsOf(timestamp), keys: keys.map((key: unknown) => tokenKey(key as Record<string, unknown>)), refreshAtMs: nowMs + refreshSeconds * 1000 };
}

const earliestSeconds = -62_135_596_800;
const latestSeconds = 253_402_300_799;

function secondsOf(timestamp: unknown): number {
  if (typeof timestamp !== 'object' || timestamp === null) throw new Error('invalid data timestamp: proto: invalid nil Timestamp');
  const { seconds = 0, nanos = 0 } = timestamp as { seconds?: unknown; nanos?: unknown };
  const [whole, part] = [Number(seconds), Number(nanos)];
  const told = `timestamp (seconds:${whole}${part === 0 ? '' : ` nanos:${part}`})`;
  if (whole < earliestSeconds) throw new Error(`invalid data timestamp: proto: ${told} before 0001-01-01`);
  if (whole > latestSeconds) throw new Error(`invalid data timestamp: proto: ${told} after 9999-12-31`);
  if (part < 0 || part >= 1e9) throw new Error(`invalid data timestamp: proto: ${told} has out-of-range nanos`);
  return whole + part / 1e9;
}

function tokenKey({ key_id: id, key, exclude_from_oidc_discovery: isHidden }: Record<string, unknown>): TokenKey {
  if (typeof id !== 'string' || id === '' || Buffer.byteLength(id) > mostKeyIdLength) throw new Error(`found invalid public key id ${goQuote(String(id))}`);
  if (!(key instanceof Uint8Array) || key.length === 0) throw new Error('found empty public key');
  try {
    return { id, key: createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' }), isHidden: isHidden === true };
  } catch (error) {
    throw wrap('while parsing external public keys', error);
  }
}

/** The header of a token must say what any verifier understands, and name a key that everybody can find. */
async function checkHeader(text: unknown, keys: TokenKeys): Promise<void> {
  const header = parseHeader(decoded(String(text)));
  const { typ, kid = '', alg } = header;
  if (typ !== 'JWT') throw new Error('bad type');
  if (typeof kid !== 'string' || kid === '') throw new Error('key id missing');
  if (Buffer.byteLength(kid) > mostKeyIdLength) throw new Error('key id longer than 1 kb');
  if (!algorithms.has(alg)) throw new Error(`bad signing algorithm ${goQuote(String(alg ?? ''))}`);
  const found = await keys.find(kid);
  if (found.some(({ isHidden }) => isHidden === true)) throw new Error(`key used for signing JWT (kid: ${kid}) is excluded from OIDC discovery docs`);
}

function decoded(text: string): string {
  const bad = text.search(/[^A-Za-z0-9_-]/);
  if (bad >= 0 || text.length % 4 === 1) throw new Error(`while unwrapping header: illegal base64 data at input byte ${bad >= 0 ? bad : text.length - 1}`);
  return Buffer.from(text, 'base64url').toString();
}

function parseHeader(text: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header !== 'object' || header === null || Array.isArray(header)) throw new Error('json: cannot unmarshal the header into Go value of type struct');
    const unknown = Object.keys(header).find((name) => !headerFields.has(name));
    if (unknown !== undefined) throw new Error(`json: unknown field ${goQuote(unknown)}`);
    return header as Record<string, unknown>;
  } catch (error) {
    throw wrap('while parsing header JSON', error);
  }
}
