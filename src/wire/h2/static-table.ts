// HPACK's static table (RFC 7541, Appendix A): the 61 fields that both ends know from the start, by index, and
// the index that encoders name a field by. Kept as text: modules are loaded at every start, and this costs little.

const fields = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`.split('\n');

/** What RFC 7541 (4.1) adds to the lengths of a field's name and value. */
export const entryOverhead = 32;

/** The last index of the static table; the dynamic table follows it. */
export const staticCount = fields.length;

const names = [''];
const values = [''];
const bytes = new Uint8Array(staticCount + 1);
const firstIndex = new Map<string, number>();
for (const field of fields) {
  const space = field.indexOf(' ');
  const name = space < 0 ? field : field.slice(0, space);
  const value = space < 0 ? '' : field.slice(space + 1);
  const index = names.push(name) - 1;
  values.push(value);
  bytes[index] = name.length + value.length + entryOverhead;
  if (!firstIndex.has(name)) firstIndex.set(name, index);
}

/** Names by index; 0 is not used. */
export const staticNames: readonly string[] = names;

/** Values by index. */
export const staticValues: readonly string[] = values;

/** Sizes by index, as RFC 7541 (4.1) counts them. */
export const staticBytes: Readonly<Uint8Array> = bytes;

/** The first index with this name; 0 when there is none. */
export function staticIndexOf(name: string): number {
  return firstIndex.get(name) ?? 0;
}
