// The values of a header one by one. Joined, two headers "dev" and "ops" look like one "dev, ops", and a group whose name
// has a comma looks like two: an identity is made of what was sent, a header at a time.
import { headerText, type Exchange } from '#wire';

/** As much of an exchange as identities in headers need. */
export type SentHeaders = Pick<Exchange, 'headers' | 'rawHeaders'>;

/** @param name Lower case. */
export function headerValues({ headers, rawHeaders }: SentHeaders, name: string): string[] {
  const joined = headers[name];
  if (joined === undefined) return [];
  if (rawHeaders === undefined) return [headerText(joined)];
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === name) values.push(headerText(rawHeaders[at + 1] ?? ''));
  // A proxy in this process may have put in what was not sent.
  return values.length === 0 ? [headerText(joined)] : values;
}

/** The first that was sent; '' without one. */
export function headerValue(sent: SentHeaders, name: string): string {
  return sent.headers[name] === undefined ? '' : (headerValues(sent, name)[0] ?? '');
}
