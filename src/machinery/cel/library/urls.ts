// url("https://example.com/path"): absolute URLs and paths and their parts (upstream's kubernetes.urls).
import type { FunctionDeclaration } from '../contract.ts';
import { boolType, listType, mapType, objectType, stringType } from '../types/types.ts';
import type { CelMap } from '../types/values.ts';
import { traversal, unit } from './costs.ts';
import { asText, declare, listOf, of1, opaqueKind } from './declare.ts';
import { checkRequestUri, hostName, parseGoUrl, portText, queryValues, type GoUrl } from './parse/go-url.ts';

export const urlType = objectType('kubernetes.URL');
export const urlKind = opaqueKind<GoUrl>(urlType, (a, b) => a.text === b.text);

function convert(text: string): GoUrl {
  try {
    // Only absolute URLs; but what a fragment is, only the lenient parser knows.
    checkRequestUri(text);
    return parseGoUrl(text);
  } catch (error) {
    throw new Error(`URL parse error during conversion from string: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function isUrl(text: string): boolean {
  try {
    checkRequestUri(text);
    return true;
  } catch {
    return false;
  }
}

function queryMap(url: GoUrl): CelMap {
  const values = queryValues(url);
  return {
    is: 'map',
    size: values.size,
    keys: () => [...values.keys()],
    find: (key) => {
      const found = typeof key === 'string' ? values.get(key) : undefined;
      return found === undefined ? undefined : listOf(found);
    },
  };
}

function text(name: string, id: string, read: (url: GoUrl) => string): FunctionDeclaration {
  return declare(name, { id, params: [urlType], result: stringType, member: true, call: of1(urlKind.read, read), ...unit });
}

export const urlsLibrary: readonly FunctionDeclaration[] = [
  declare('url', { id: 'string_to_url', params: [stringType], result: urlType, call: of1(asText, (value) => urlKind.wrap(convert(value))), ...traversal({ keepsSize: true }) }),
  text('getScheme', 'url_get_scheme', (url) => url.scheme),
  text('getHost', 'url_get_host', (url) => url.host),
  text('getHostname', 'url_get_hostname', hostName),
  text('getPort', 'url_get_port', portText),
  text('getEscapedPath', 'url_get_escaped_path', (url) => url.escapedPath),
  declare('getQuery', { id: 'url_get_query', params: [urlType], result: mapType(stringType, listType(stringType)), member: true, call: of1(urlKind.read, queryMap), ...unit }),
  declare('isURL', { id: 'is_url_string', params: [stringType], result: boolType, call: of1(asText, isUrl) }),
];
