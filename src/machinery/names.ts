// The syntaxes of names: DNS labels and subdomains, ports, keys, percentages. Each check answers with what
// is wrong in upstream's words (apimachinery/pkg/util/validation), nothing when all is well. The patterns
// are linear in the length of the text.
import { labelKeyErrors, labelValueErrors } from './label-syntax.ts';

const label1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain1123 = `${label1123}(\\.${label1123})*`;
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const label1123WithUnderscore = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const subdomainWithUnderscore = `${label1123WithUnderscore}(\\.${label1123WithUnderscore})*`;

const label1123Pattern = new RegExp(`^${label1123}$`);
const subdomain1123Pattern = new RegExp(`^${subdomain1123}$`);
const subdomainWithUnderscorePattern = new RegExp(`^${subdomainWithUnderscore}$`);
const label1035Pattern = new RegExp(`^${label1035}$`);
const wildcardPattern = new RegExp(`^\\*\\.${subdomain1123}$`);

/** "message (e.g. 'a',  or 'b', regex used for validation is 'x')", as upstream composes it. */
export function regexError(message: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`;
}

export function maxLengthError(length: number): string {
  return `must be no more than ${length} characters`;
}

export function rangeError(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** Matches without ever running a pattern over a text far beyond any allowed length. */
function matches(pattern: RegExp, text: string): boolean {
  return text.length <= 1000 && pattern.test(text);
}

export function dns1123LabelErrors(text: string): string[] {
  if (text.length <= 63 && label1123Pattern.test(text)) return [];
  const errors: string[] = [];
  if (text.length > 63) errors.push(maxLengthError(63));
  if (matches(label1123Pattern, text)) return errors;
  errors.push(
    matches(subdomain1123Pattern, text)
      ? 'must not contain dots'
      : regexError(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
          label1123, 'my-name', '123-abc',
        ),
  );
  return errors;
}

export function dns1123SubdomainErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push(maxLengthError(253));
  if (!matches(subdomain1123Pattern, text)) {
    errors.push(
      regexError(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomain1123, 'example.com',
      ),
    );
  }
  return errors;
}

export function dns1123SubdomainWithUnderscoreErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push(maxLengthError(253));
  if (!matches(subdomainWithUnderscorePattern, text)) {
    errors.push(
      regexError(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
        subdomainWithUnderscore, 'example.com',
      ),
    );
  }
  return errors;
}

export function dns1035LabelErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push(maxLengthError(63));
  if (!matches(label1035Pattern, text)) {
    errors.push(
      regexError(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        label1035, 'my-name', 'abc-123',
      ),
    );
  }
  return errors;
}

export function wildcardSubdomainErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push(maxLengthError(253));
  if (!matches(wildcardPattern, text)) {
    errors.push(
      regexError(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        `\\*\\.${subdomain1123}`, '*.example.com',
      ),
    );
  }
  return errors;
}

export function isDns1123Label(text: string): boolean {
  return dns1123LabelErrors(text).length === 0;
}

export function isDns1123Subdomain(text: string): boolean {
  return dns1123SubdomainErrors(text).length === 0;
}

/** A label key: an optional DNS prefix and a name. */
export function isQualifiedName(text: string): boolean {
  return labelKeyErrors(text).length === 0;
}

export function isValidLabelValue(text: string): boolean {
  return labelValueErrors(text).length === 0;
}

export function portNumberErrors(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : [rangeError(1, 65535)];
}

export function portNameErrors(name: string): string[] {
  const errors: string[] = [];
  if (name.length > 15) errors.push(maxLengthError(15));
  if (!/^[-a-z0-9]+$/.test(name)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) errors.push('must contain at least one letter (a-z)');
  if (name.includes('--')) errors.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export function idErrors(id: number): string[] {
  return id >= 0 && id <= 2147483647 ? [] : [rangeError(0, 2147483647)];
}

export function percentErrors(text: string): string[] {
  if (/^[0-9]+%$/.test(text)) return [];
  return [regexError("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%')];
}

export function httpHeaderNameErrors(text: string): string[] {
  if (/^[-A-Za-z0-9]+$/.test(text)) return [];
  return [regexError("a valid HTTP header must consist of alphanumeric characters or '-'", '[-A-Za-z0-9]+', 'X-Header-Name')];
}

export function cIdentifierErrors(text: string): string[] {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) return [];
  return [
    regexError(
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
      '[A-Za-z_][A-Za-z0-9_]*', 'my_name', 'MY_NAME', 'MyName',
    ),
  ];
}

/** Names of environment variables since 1.32: any printable ASCII but '='. */
export function environmentNameErrors(text: string): string[] {
  if (text === '') return ['environment variable name must be non-empty'];
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(text)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Keys of ConfigMaps and Secrets. */
export function configKeyErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push(maxLengthError(253));
  if (!/^[-._a-zA-Z0-9]+$/.test(text)) {
    errors.push(
      regexError("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'),
    );
  }
  if (text === '.') errors.push("must not be '.'");
  else if (text === '..') errors.push("must not be '..'");
  else if (text.startsWith('..')) errors.push("must not start with '..'");
  return errors;
}

/** What is wrong with an object's name; `prefix` when it is a generateName to which characters are added. */
export type NameRule = (name: string, prefix: boolean) => string[];

/** A trailing dash is fine where more follows. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

export const nameIsSubdomain: NameRule = (name, prefix) => dns1123SubdomainErrors(prefix ? maskTrailingDash(name) : name);
export const nameIsLabel: NameRule = (name, prefix) => dns1123LabelErrors(prefix ? maskTrailingDash(name) : name);
export const nameIsDns1035Label: NameRule = (name, prefix) => dns1035LabelErrors(prefix ? maskTrailingDash(name) : name);

/** Any text that can stand in a path segment: RBAC objects, leases of old, and others without DNS rules. */
export const nameIsPathSegment: NameRule = (name, prefix) => {
  const errors: string[] = [];
  if (!prefix) {
    if (name === '.') errors.push("may not be '.'");
    if (name === '..') errors.push("may not be '..'");
  }
  for (const illegal of ['/', '%']) if (name.includes(illegal)) errors.push(`may not contain '${illegal}'`);
  return errors;
};
