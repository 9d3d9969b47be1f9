// How a definition converts between its versions: None, or a webhook that can be reached and that speaks a review
// version that is known.
import type { CustomResourceConversion, WebhookClientConfig } from '#api/apiextensions/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { dns1035LabelErrors } from '../../names.ts';
import { webhookServiceErrors, webhookUrlErrors } from '../meta/webhook-client.ts';
import type { ValidationOptions } from './options.ts';

function clientErrors(config: WebhookClientConfig | undefined, path: string, options: ValidationOptions): FieldError[] {
  if (config === undefined) return [required(path, 'required when strategy is set to Webhook')];
  const errors: FieldError[] = [];
  const { url, service, caBundle = '' } = config;
  if ((url === undefined) === (service === undefined)) errors.push(required(path, 'exactly one of url or service is required'));
  else if (url !== undefined) addAll(errors, webhookUrlErrors(url, child(path, 'url')));
  else if (service !== undefined) addAll(errors, webhookServiceErrors(service, child(path, 'service')));
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
