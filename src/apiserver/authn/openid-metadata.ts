// What relying parties read to verify service account tokens themselves: the discovery document and the key set
// (ServiceAccountIssuerDiscovery, KEP-1393). Served only when the issuer is a URL that can stand in such a document.
import { algorithmOfKey, publicJwk } from '#wire';
import type { TokenKey } from './token-keys.ts';

export interface OpenIdMetadata {
  readonly configuration: string;
  readonly keys: string;
}

export const jwksPath = '/openid/v1/jwks';
export const configurationPath = '/.well-known/openid-configuration';

function urlOf(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new Error(`parse ${JSON.stringify(text)}: invalid URL`);
  }
}

/** @param externalAddress host and port under which clients reach the server, when no other address of the keys is set. Throws an Error for issuers without a document. */
export function openIdMetadata(issuer: string, jwksUri: string, externalAddress: string, all: readonly TokenKey[]): OpenIdMetadata {
  const parsed = urlOf(issuer);
  if (parsed.protocol !== 'https:') throw new Error(`issuer URL must use https scheme, got: ${issuer}`);
  if (issuer.includes('?')) throw new Error(`issuer URL may not include a query, got: ${issuer}`);
  if (issuer.includes('#')) throw new Error(`issuer URL may not include a fragment, got: ${issuer}`);
  if (jwksUri !== '' && urlOf(jwksUri).protocol !== 'https:') throw new Error(`jwksURI requires https scheme, parsed as: ${jwksUri}`);
  const shown = all.filter(({ isHidden }) => isHidden !== true);
  const algorithms = [...new Set(shown.map(({ key }) => algorithmOfKey(key)))].sort();
  return {
    configuration: JSON.stringify({
      issuer, jwks_uri: jwksUri === '' ? `https://${externalAddress}${jwksPath}` : jwksUri, response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: algorithms,
    }),
    keys: JSON.stringify({ keys: shown.map(({ key, id }) => ({ ...publicJwk(key), kid: id })) }),
  };
}
