// Conversion by webhook (ConversionReview, v1 and v1beta1): all objects of a batch that are not at the wanted version
// travel in one call. The answer must name as many objects, each of the same kind, name, namespace and uid, at the
// wanted version; of its metadata only labels and annotations count. Texts and metrics are upstream's.
import type { CustomResourceDefinition } from '#api/apiextensions/v1.ts';
import { uuid } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { aggregateText, cloneJson, goType, goQuote, isObject, jsonEqual, StatusError, validateAnnotations, validateLabels } from '#machinery';
import type { KubeObject } from '../contract.ts';
import type { WebhookCaller } from '../webhooks/index.ts';
import type { Conversion } from './conversion.ts';

const timeoutMs = 30_000;
const callBuckets = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60];
const wholeBuckets = Array.from({ length: 15 }, (_, at) => 0.001 * 2 ** at);

interface Review {
  readonly version: 'v1' | 'v1beta1';
  readonly uid: string;
  readonly wanted: string;
}

type FailureType = 'webhook_call_failure' | 'malformed_response_failure' | 'partial_response_failure' | 'invalid_converted_object_failure';


/** The converters of definitions with strategy Webhook. */
export function webhookConversions(world: World, caller: WebhookCaller): (definition: CustomResourceDefinition) => Conversion {
  const total = world.metrics.counter('apiserver_conversion_webhook_request_total', 'Counter for conversion webhook requests with success/failure and failure error type', ['result', 'failure_type']);
  const duration = world.metrics.histogram('apiserver_conversion_webhook_duration_seconds', 'Conversion webhook request latency', ['result', 'failure_type'], callBuckets);
  const whole = world.metrics.histogram('apiserver_crd_conversion_webhook_duration_seconds', 'CRD webhook conversion duration in seconds', ['crd_name', 'from_version', 'to_version', 'succeeded'], wholeBuckets);
  const gauge = { total, duration, whole };
  return (definition) => ({
    immediate: false,
    convert: (objects, apiVersion) => convertAll({ world, caller, definition, gauge }, objects, apiVersion),
  });
}

interface Parts {
  readonly world: World;
  readonly caller: WebhookCaller;
  readonly definition: CustomResourceDefinition;
  readonly gauge: { readonly total: ReturnType<World['metrics']['counter']>; readonly duration: ReturnType<World['metrics']['histogram']>; readonly whole: ReturnType<World['metrics']['histogram']> };
}

class ConversionError extends Error {
  readonly type: FailureType;

  constructor(type: FailureType, message: string, cause?: unknown) {
    super(message, { cause });
    this.type = type;
  }
}

/** As upstream shows a plain error: code 500 without a reason. */
function refusal(message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

async function convertAll(parts: Parts, objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]> {
  const foreign = objects.filter((object) => object.apiVersion !== apiVersion);
  if (foreign.length === 0) return objects.map((object) => cloneJson(object));
  const started = parts.world.clock.monotonic();
  const told = (result: string, type: string): void => {
    parts.gauge.total.inc({ result, failure_type: type });
    const seconds = (parts.world.clock.monotonic() - started) / 1000;
    parts.gauge.duration.observe({ result, failure_type: type }, seconds);
    const version = (text: string): string => text.slice(text.indexOf('/') + 1);
    parts.gauge.whole.observe({ crd_name: parts.definition.metadata?.name, from_version: version(foreign[0]?.apiVersion ?? ''), to_version: version(apiVersion), succeeded: String(result === 'success') }, seconds);
  };
  try {
    const converted = await call(parts, foreign, apiVersion);
    const byOriginal = new Map(foreign.map((object, i) => [object, converted[i]] as const));
    told('success', '');
    return objects.map((object) => byOriginal.get(object) ?? cloneJson(object));
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    told('failure', error.type);
    throw refusal(error.message);
  }
}

/** "stable.example.com/v1, Kind=CronTab" */
function gvkText(object: KubeObject): string {
  return `${object.apiVersion ?? ''}, Kind=${object.kind ?? ''}`;
}

async function call(parts: Parts, objects: readonly KubeObject[], wanted: string): Promise<KubeObject[]> {
  const { definition, world } = parts;
  const webhook = definition.spec.conversion?.webhook;
  const [first = {}] = objects;
  const failed = `conversion webhook for ${gvkText(first)}`;
  const version = webhook?.conversionReviewVersions.find((one) => one === 'v1' || one === 'v1beta1');
  if (version === undefined || webhook?.clientConfig === undefined) throw new ConversionError('webhook_call_failure', 'no supported conversion review versions');
  const review: Review = { version: version === 'v1' ? 'v1' : 'v1beta1', uid: uuid(world.random), wanted };
  const body = { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request: { uid: review.uid, desiredAPIVersion: wanted, objects }, response: { uid: '', convertedObjects: [], result: { metadata: {} } } };
  let answer: unknown;
  try {
    answer = await parts.caller.post(trusted(webhook.clientConfig), body, { timeoutMs });
  } catch (error) {
    throw new ConversionError('webhook_call_failure', `${failed} failed: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  const converted = convertedOf(answer, review, failed);
  if (converted.length !== objects.length) throw new ConversionError('partial_response_failure', `${failed} returned ${converted.length} objects, expected ${objects.length}`);
  return objects.map((object, i) => checked(object, converted[i], wanted, i, failed));
}

/** A bundle of blanks is none. */
function trusted<T extends { caBundle?: string }>(config: T): T {
  if (config.caBundle === undefined || Buffer.from(config.caBundle, 'base64').toString().trim() !== '') return config;
  const { caBundle: _blank, ...rest } = config;
  return rest as T;
}

function convertedOf(answer: unknown, review: Review, failed: string): unknown[] {
  const refuse = (message: string): never => {
    throw new ConversionError('malformed_response_failure', `${failed} failed: ${message}`);
  };
  const own = isObject(answer) ? answer : {};
  const gvk = `apiextensions.k8s.io/${review.version}, Kind=ConversionReview`;
  const said = `${typeof own['apiVersion'] === 'string' ? own['apiVersion'] : '/'}, Kind=${typeof own['kind'] === 'string' ? own['kind'] : ''}`;
  if (review.version === 'v1' && said !== gvk) refuse(`expected webhook response of ${gvk}, got ${said}`);
  const { response } = own;
  if (!isObject(response)) return refuse('no response provided');
  if (review.version === 'v1' && response['uid'] !== review.uid) refuse(`expected response.uid=${goQuote(review.uid)}, got ${goQuote(typeof response['uid'] === 'string' ? response['uid'] : '')}`);
  const result = isObject(response['result']) ? response['result'] : {};
  if (result['status'] !== 'Success') {
    const { message } = result;
    refuse(typeof message === 'string' && message !== '' ? message : `response.result.status was '${typeof result['status'] === 'string' ? result['status'] : ''}', not 'Success'`);
  }
  return Array.isArray(response['convertedObjects']) ? response['convertedObjects'] : [];
}

function checked(original: KubeObject, converted: unknown, wanted: string, at: number, failed: string): KubeObject {
  const where = `returned invalid converted object at index ${at}`;
  const refuse = (message: string): never => {
    throw new ConversionError('invalid_converted_object_failure', `${failed} ${message}`);
  };
  if (!isObject(converted)) return refuse(`${where}: Object 'Kind' is missing in '${JSON.stringify(converted)}'`);
  const object: KubeObject = converted;
  if (object.apiVersion !== wanted) refuse(`${where}: invalid groupVersion (expected ${wanted}, received ${object.apiVersion ?? ''})`);
  if (object.kind !== original.kind) refuse(`${where}: invalid kind (expected ${original.kind ?? ''}, received ${object.kind ?? ''})`);
  for (const [field, word] of [['name', 'name'], ['namespace', 'namespace'], ['uid', 'UID']] as const) {
    const before = original.metadata?.[field] ?? '';
    const after = isObject(object.metadata) ? (object.metadata[field] ?? '') : '';
    if (before !== after) refuse(`${where}: must have the same ${word}: ${before} != ${String(after)}`);
  }
  const problem = restoreMetadata(original, object);
  if (problem !== undefined) refuse(`returned invalid metadata in object at index ${at}: ${problem}`);
  return object;
}

/** Puts the original's metadata back, with the labels and annotations of the answer. Answers what is wrong with them. */
function restoreMetadata(original: KubeObject, converted: KubeObject): string | undefined {
  const answered: unknown = converted.metadata;
  if (answered === undefined) return 'missing metadata in converted object';
  if (!isObject(answered)) return `invalid metadata of type ${goType(answered)} in converted object`;
  const metadata = cloneJson(original.metadata ?? {});
  for (const field of ['labels', 'annotations'] as const) {
    const given = answered[field];
    if (given === undefined || given === null) {
      delete metadata[field];
      continue;
    }
    if (!isObject(given)) return `invalid metadata.${field} of type ${goType(given)} in converted object`;
    const texts: Record<string, string> = {};
    for (const [name, value] of Object.entries(given)) {
      if (typeof value !== 'string') return `metadata.${field}[${name}] must be a string, but is ${goType(value)} in converted object`;
      texts[name] = value;
    }
    if (!jsonEqual(texts, metadata[field] ?? {})) {
      const errors = field === 'labels' ? validateLabels(texts, 'metadata.labels') : validateAnnotations(texts, 'metadata.annotation');
      if (errors.length > 0) return aggregateText(errors);
    }
    metadata[field] = texts;
  }
  converted.metadata = metadata;
  return undefined;
}
