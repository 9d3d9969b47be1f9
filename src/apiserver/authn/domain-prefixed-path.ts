// Keys of a user's extra values are domain-prefixed paths ("acme.io/foo"): impersonation and claim mappings check them
// with upstream's texts (apimachinery's IsDomainPrefixedPath).
import { aggregateText, invalidValue, required, type FieldError } from '#machinery';

const subdomain = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const pathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const subdomainPattern = new RegExp(`^${subdomain}$`);
const pathPattern = new RegExp(`^${pathFormat}$`);

/** What is wrong with the key; empty when nothing is. */
export function domainPrefixedPathErrors(field: string, text: string): FieldError[] {
  if (text === '') return [required(field, '')];
  const at = text.indexOf('/');
  const host = text.slice(0, Math.max(at, 0));
  const path = text.slice(at + 1);
  if (host === '' || path === '') return [invalidValue(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors: FieldError[] = [];
  if (host.length > 253) errors.push(invalidValue(field, host, 'must be no more than 253 characters'));
  if (!subdomainPattern.test(host)) {
    errors.push(invalidValue(field, host, `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`));
  }
  if (!pathPattern.test(path)) errors.push(invalidValue(field, path, `Invalid path (regex used for validation is '${pathFormat}')`));
  return errors;
}

/** All that is wrong in one line, undefined when nothing is. */
export function domainPrefixedPathProblem(field: string, text: string): string | undefined {
  const errors = domainPrefixedPathErrors(field, text);
  return errors.length === 0 ? undefined : aggregateText(errors);
}
