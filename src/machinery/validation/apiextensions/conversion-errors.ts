// How a definition converts between its versions: None, or a webhook that can be reached and that speaks a review
// version that is known.
import type { CustomResourceConversion, WebhookClientConfig } from '#api/apiextensions/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { dns1035LabelErrors, portNumberErrors } from '../../names.ts';
import type { ValidationOptions } from './options.ts';

const form = '; desired format: https://host[/path]';

function urlErrors(text: string, path: string): FieldError[] {
  if (!URL.canParse(text)) {
    const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(text);
    if (scheme !== null) return [required(path, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URL${form}`)];
    return [invalidValue(path, '', `'https' is the only allowed URL scheme${form}`), invalidValue(path, '', `host must be specified${form}`)];
  }
  const url = new URL(text);
  const errors: FieldError[] = [];
  if (url.protocol !== 'https:') errors.push(invalidValue(path, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') errors.push(invalidValue(path, '', `host must be specified${form}`));
  if (url.username !== '') errors.push(invalidValue(path, url.password === '' ? url.username : `${url.username}:${url.password}`, 'user information is not permitted in the URL'));
  if (url.hash.length > 1) errors.push(invalidValue(path, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search.length > 1) errors.push(invalidValue(path, url.search.slice(1), 'query parameters are not permitted in the URL'));
  return errors;
}

function servicePathErrors(path: string, at: string): FieldError[] {
  if (path === '/' || path === '') return [];
  if (path === '//') return [invalidValue(at, path, 'segment[0] may not be empty')];
  const errors: FieldError[] = [];
  if (!path.startsWith('/')) errors.push(invalidValue(at, path, "must start with a '/'"));
  const steps = (path.endsWith('/') ? path.slice(1, -1) : path.slice(1)).split('/');
  for (const [i, step] of steps.entries()) if (step === '') errors.push(invalidValue(at, path, `segment[${i}] may not be empty`));
  return errors;
}

function clientErrors(config: WebhookClientConfig | undefined, path: string, options: ValidationOptions): FieldError[] {
  if (config === undefined) return [required(path, 'required when strategy is set to Webhook')];
  const errors: FieldError[] = [];
  const { url, service, caBundle = '' } = config;
  if ((url === undefined) === (service === undefined)) errors.push(required(path, 'exactly one of url or service is required'));
  else if (url !== undefined) addAll(errors, urlErrors(url, child(path, 'url')));
  else if (service !== undefined) {
    const at = child(path, 'service');
    // Upstream passes name and namespace in each other's place.
    if (service.namespace === '') errors.push(required(child(at, 'name'), ''));
    if (service.name === '') errors.push(required(child(at, 'namespace'), ''));
    const port = service.port ?? 443;
    const problems = portNumberErrors(port);
    if (problems.length > 0) errors.push(invalidValue(child(at, 'port'), port, `port is not valid: ${problems.join(', ')}`));
    if (service.path !== undefined) addAll(errors, servicePathErrors(service.path, child(at, 'path')));
  }
  if (caBundle !== '' && !options.allowInvalidCaBundle && !Buffer.from(caBundle, 'base64').toString('latin1').includes('-----BEGIN CERTIFICATE-----')) {
    errors.push(invalidValue(child(path, 'caBundle'), caBundle, 'unable to load root certificates: unable to parse bytes as PEM block'));
  }
  return errors;
}

function reviewErrors(versions: readonly string[], path: string, options: ValidationOptions): FieldError[] {
  if (versions.length === 0) return [required(path, '')];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, version] of versions.entries()) {
    if (seen.has(version)) errors.push(invalidValue(index(path, i), version, 'duplicate version'));
    else for (const problem of dns1035LabelErrors(version)) errors.push(invalidValue(index(path, i), version, problem));
    seen.add(version);
  }
  if (options.requireRecognizedReviewVersion && !seen.has('v1') && !seen.has('v1beta1')) errors.push(invalidValue(path, versions, 'must include at least one of v1, v1beta1'));
  return errors;
}

export function conversionErrors(conversion: CustomResourceConversion | undefined, path: string, options: ValidationOptions): FieldError[] {
  if (conversion === undefined) return [];
  const errors: FieldError[] = [];
  const { strategy, webhook } = conversion;
  if (strategy === '') errors.push(required(child(path, 'strategy'), ''));
  else if (strategy !== 'None' && strategy !== 'Webhook') errors.push(notSupported(child(path, 'strategy'), strategy, ['None', 'Webhook']));
  const atClient = child(path, 'webhookClientConfig');
  const atReviews = child(path, 'conversionReviewVersions');
  if (strategy === 'Webhook') {
    addAll(errors, clientErrors(webhook?.clientConfig, atClient, options));
    addAll(errors, reviewErrors(webhook?.conversionReviewVersions ?? [], atReviews, options));
    return errors;
  }
  if (webhook?.clientConfig !== undefined) errors.push(forbiddenField(atClient, 'should not be set when strategy is not set to Webhook'));
  if ((webhook?.conversionReviewVersions ?? []).length > 0) errors.push(forbiddenField(atReviews, 'should not be set when strategy is not set to Webhook'));
  return errors;
}
