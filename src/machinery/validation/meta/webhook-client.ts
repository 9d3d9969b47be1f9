// How a webhook is reached, by URL or through a Service: the same rules for admission and for conversion
// (apiserver/pkg/util/webhook/validation.go).
import { parseGoUrl, type GoUrl } from '../../cel/library/parse/go-url.ts';
import { child, invalidValue, isEnough, required, type FieldError } from '../../field-errors.ts';
import { dns1123SubdomainErrors, portNumberErrors } from '../../names.ts';

const form = '; desired format: https://host[/path]';

export function webhookUrlErrors(text: string, path: string): FieldError[] {
  let url: GoUrl;
  try {
    url = parseGoUrl(text);
  } catch (error) {
    return [required(path, `url must be a valid URL: ${error instanceof Error ? error.message : String(error)}${form}`)];
  }
  const errors: FieldError[] = [];
  if (url.scheme !== 'https') errors.push(invalidValue(path, url.scheme, `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') errors.push(invalidValue(path, url.host, `host must be specified${form}`));
  if (url.userinfo !== '') errors.push(invalidValue(path, url.userinfo.slice(0, -1), 'user information is not permitted in the URL'));
  if (url.fragment !== '') errors.push(invalidValue(path, url.fragment, 'fragments are not permitted in the URL'));
  if (url.rawQuery !== '') errors.push(invalidValue(path, url.rawQuery, 'query parameters are not permitted in the URL'));
  return errors;
}

/** Upstream's callers pass name and namespace in each other's place, and clients know the errors so. */
export function webhookServiceErrors(service: { readonly name?: string; readonly namespace?: string; readonly path?: string; readonly port?: number }, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((service.namespace ?? '') === '') errors.push(required(child(path, 'name'), ''));
  if ((service.name ?? '') === '') errors.push(required(child(path, 'namespace'), ''));
  const port = service.port ?? 443;
  const problems = portNumberErrors(port);
  if (problems.length > 0) errors.push(invalidValue(child(path, 'port'), port, `port is not valid: ${problems.join(', ')}`));
  return [...errors, ...pathErrors(service.path ?? '', child(path, 'path'))];
}

function pathErrors(text: string, path: string): FieldError[] {
  if (text === '/' || text === '') return [];
  if (text === '//') return [invalidValue(path, text, 'segment[0] may not be empty')];
  const errors = text.startsWith('/') ? [] : [invalidValue(path, text, "must start with a '/'")];
  const steps = text.slice(1).replace(/\/$/, '').split('/');
  for (const [i, step] of steps.entries()) {
    if (isEnough(errors)) break;
    if (step === '') errors.push(invalidValue(path, text, `segment[${i}] may not be empty`));
    else for (const problem of dns1123SubdomainErrors(step)) errors.push(invalidValue(path, text, `segment[${i}]: ${problem}`));
  }
  return errors;
}
