// Which encoding and which form of the object a client wants, from its Accept header: JSON, YAML, protobuf or CBOR;
// the object, a Table or metadata alone. The first clause that the server can serve wins, by quality and then
// by order; none at all is a 406.
import { genericServerResponse, notAcceptable } from '#machinery';

export type Encoding = 'json' | 'yaml' | 'protobuf' | 'cbor';
export type Form = 'object' | 'table' | 'metadata' | 'metadata-list';

export interface MediaType {
  readonly encoding: Encoding;
  readonly form: Form;
  readonly pretty: boolean;
  /** meta.k8s.io's version that a Table or metadata is asked for in: v1 or v1beta1. */
  readonly formVersion?: string;
}

export const contentTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
  cbor: 'application/cbor',
};

const plainJson: MediaType = { encoding: 'json', form: 'object', pretty: false };

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

function parseAccept(header: string): Clause[] {
  const clauses: Clause[] = [];
  for (const part of header.split(',').slice(0, 64)) {
    const [range = '', ...rest] = part.trim().split(';');
    const [type = '', subtype = ''] = range.trim().toLowerCase().split('/');
    const parameters = new Map<string, string>();
    let quality = 1;
    for (const item of rest) {
      const at = item.indexOf('=');
      const key = (at < 0 ? item : item.slice(0, at)).trim().toLowerCase();
      const value = at < 0 ? '' : item.slice(at + 1).trim();
      if (key === 'q') quality = Number(value) || 0;
      else if (key !== '') parameters.set(key, value);
    }
    if (type !== '') clauses.push({ type, subtype: subtype === '' && type === '*' ? '*' : subtype, quality, parameters });
  }
  return clauses.map((clause, at) => ({ clause, at })).sort((a, b) => b.clause.quality - a.clause.quality || a.at - b.at).map(({ clause }) => clause);
}

/** In the order in which a wildcard picks them. */
const encodings: readonly (readonly [string, Encoding])[] = [
  ['json', 'json'], ['yaml', 'yaml'], ['vnd.kubernetes.protobuf', 'protobuf'], ['cbor', 'cbor'],
];

function formOf(parameters: ReadonlyMap<string, string>): Form | undefined {
  const kind = parameters.get('as') ?? '';
  const group = parameters.get('g') ?? '';
  const version = parameters.get('v') ?? '';
  if (kind === '' && group === '' && version === '') return 'object';
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  if (kind === 'Table') return 'table';
  if (kind === 'PartialObjectMetadata') return 'metadata';
  if (kind === 'PartialObjectMetadataList') return 'metadata-list';
  return undefined;
}

export interface Offer {
  readonly forms: readonly Form[];
  /** Protobuf needs a type that has it; custom resources have one for their metadata alone. */
  readonly protobuf: boolean | 'metadata';
  /** The feature gate CBORServingAndStorage. */
  readonly cbor: boolean;
  /** A watch may be asked for with `;stream=watch`. */
  readonly stream?: boolean;
  /** Watches have no YAML. */
  readonly yaml?: boolean;
  /** Built-in kinds: upstream's router looks at the bare media types first, and has a refusal of its own. */
  readonly routed?: 'object' | 'list';
}

/** curl and browsers get indented JSON unless they say otherwise. */
export function isPretty(query: URLSearchParams, userAgent: string): boolean {
  const asked = query.get('pretty');
  if (asked !== null && asked !== '') return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(asked);
  return userAgent.startsWith('curl') || userAgent.startsWith('Wget') || userAgent.startsWith('Mozilla/5.0');
}

/** Throws StatusError 406 when nothing that is accepted can be served. */
export function negotiate(accept: string | undefined, query: URLSearchParams, userAgent: string, offer: Offer): MediaType {
  const pretty = isPretty(query, userAgent);
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return pretty ? { ...plainJson, pretty } : plainJson;
  let anyMatch = false;
  for (const clause of parseAccept(accept)) {
    for (const [subtype, encoding] of encodings) {
      const matches = (clause.type === 'application' && (clause.subtype === subtype || clause.subtype === '*')) || (clause.type === '*' && clause.subtype === '*');
      if (!matches || (encoding === 'cbor' && !offer.cbor)) continue;
      anyMatch = true;
      const form = formOf(clause.parameters);
      if ((encoding === 'protobuf' && (offer.protobuf === 'metadata' ? form === 'object' : !offer.protobuf))) continue;
      // A Table is JSON or YAML: the next clause may do.
      if (form === undefined || !offer.forms.includes(form) || (form === 'table' && (encoding === 'protobuf' || encoding === 'cbor'))) continue;
      const stream = clause.parameters.get('stream') ?? '';
      if (stream !== '' && (stream !== 'watch' || offer.stream !== true || encoding === 'yaml')) continue;
      // The choice has fallen, and nothing streams in it.
      if (encoding === 'yaml' && offer.yaml === false) throw notAcceptable(streamTypes(offer.cbor));
      return { encoding, form, pretty: pretty || clause.parameters.get('pretty') === '1', formVersion: clause.parameters.get('v') ?? 'v1' };
    }
  }
  if (!anyMatch && offer.routed !== undefined) throw notRouted(offer.routed, offer.cbor);
  throw notAcceptable(['application/json', 'application/yaml', ...(offer.protobuf === false ? [] : ['application/vnd.kubernetes.protobuf']), ...(offer.cbor ? ['application/cbor'] : [])]);
}

function streamTypes(cbor: boolean): string[] {
  return ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch', ...(cbor ? ['application/cbor-seq'] : [])];
}

function notRouted(what: 'object' | 'list', cbor: boolean): Error {
  const streams = what === 'list' ? streamTypes(cbor) : [];
  const types = [contentTypes.json, contentTypes.yaml, contentTypes.protobuf, ...(cbor ? [contentTypes.cbor] : [])];
  const message = `406: Not Acceptable\n\nAvailable representations: ${[...types, ...streams].join(', ')}`;
  return genericServerResponse(406, '', { group: '', resource: '' }, '', message);
}
