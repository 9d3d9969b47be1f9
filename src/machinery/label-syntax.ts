// The syntax of label keys and values, with upstream's messages (apimachinery/pkg/api/validate/content). Both
// selectors and object validation speak of it.

const dns1123Subdomain = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const labelKey = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const subdomainPattern = new RegExp(`^${dns1123Subdomain}$`);
const namePattern = new RegExp(`^${labelKey}$`);
const valuePattern = new RegExp(`^(${labelKey})?$`);

const nameMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const nameExamples = ` (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${labelKey}')`;
const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  `alphanumeric character (e.g. 'example.com', regex used for validation is '${dns1123Subdomain}')`;

const badPrefix = `prefix part ${subdomainMessage}`;
const badName = `name part ${nameMessage}${nameExamples}`;

/** Good keys, the same few of which come with every object. */
const goodKeys = new Set<string>();
const goodKeysKept = 1024;
const longestKeptKey = 128;
let lastGoodKey: string | undefined;
/** Good keys that found no room. */
let strangers = 0;

/** What is wrong with a label key ("example.com/name"); empty when nothing is. */
export function labelKeyErrors(text: string): string[] {
  // What a large object has is met once, maybe by several rules in turn.
  if (text === lastGoodKey || goodKeys.has(text)) return [];
  const errors = findKeyErrors(text);
  if (errors.length === 0 && text.length <= longestKeptKey) {
    lastGoodKey = text;
    if (goodKeys.size < goodKeysKept) goodKeys.add(text);
    else if (++strangers >= goodKeysKept) {
      strangers = 0;
      goodKeys.clear();
    }
  }
  return errors;
}

function findKeyErrors(text: string): string[] {
  const slash = text.indexOf('/');
  if (slash >= 0 && text.includes('/', slash + 1)) return [`a valid label key ${nameMessage}${nameExamples} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const errors: string[] = [];
  const name = text.slice(slash + 1);
  if (slash >= 0) {
    const prefix = text.slice(0, slash);
    if (prefix === '') errors.push('prefix part must be non-empty');
    else {
      if (prefix.length > 253) errors.push('prefix part must be no more than 253 bytes');
      if (prefix.length > 1000 || !subdomainPattern.test(prefix)) errors.push(badPrefix);
    }
  }
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > 63) errors.push('name part must be no more than 63 bytes');
  if (!namePattern.test(name)) errors.push(badName);
  return errors;
}

/** What is wrong with a label value; empty when nothing is. */
export function labelValueErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push('must be no more than 63 bytes');
  if (!valuePattern.test(text)) {
    errors.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
        `alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${labelKey})?')`,
    );
  }
  return errors;
}
