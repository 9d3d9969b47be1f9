// /statusz and /flagz (KEP-4827, KEP-4828): what the process is and how it was started, as text for people, or as
// config.k8s.io objects for those who ask for them by name: in CBOR too, where it is spoken, and in a version that is on its
// way out with a warning.
import { encodeCbor, notAcceptable, stringifyJson, stringifyYaml, type KubeObject } from '#machinery';
import { indentJson } from '../answer/indent.ts';
import { answer, type Call } from '../request/call.ts';
import { isPretty } from '../request/media-type.ts';

export interface ZPages {
  handle(call: Call): void;
}

export interface ZParts {
  /** Wall time of the start, in milliseconds. */
  readonly startedMs: number;
  now(): number;
  /** "1.36.0" */
  readonly binaryVersion: string;
  /** "1.36" */
  readonly emulationVersion: string;
  /** The runtime's version, in the place of Go's. */
  readonly runtimeVersion: string;
  readonly flags: Readonly<Record<string, string>>;
}

const warning = 'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';
const paths = ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version'];

type Form = 'json' | 'yaml' | 'cbor';
type Wanted = { readonly form: 'text' } | { readonly form: Form; readonly version: string };

const forms: ReadonlyMap<string, Form> = new Map([['application/json', 'json'], ['application/yaml', 'yaml'], ['application/cbor', 'cbor']]);

/** Text for whoever takes it; the object only for whoever names it. Throws 406. */
function wanted(accept: string | undefined, kind: string, cbor: boolean): Wanted {
  if (accept === undefined || accept.trim() === '') return { form: 'text' };
  for (const clause of accept.split(',')) {
    const [range = '', ...rest] = clause.trim().split(';').map((part) => part.trim());
    const parameters = new Map(rest.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)] as const));
    const version = parameters.get('v') ?? '';
    const named = parameters.get('as') === kind && parameters.get('g') === 'config.k8s.io' && (version === 'v1alpha1' || version === 'v1beta1');
    const form = forms.get(range);
    if (named && form !== undefined && (form !== 'cbor' || cbor)) return { form, version };
    if (!parameters.has('as') && ['text/plain', 'text/*', '*/*'].includes(range)) return { form: 'text' };
  }
  throw notAcceptable(['application/json', 'application/yaml', 'text/plain', ...(cbor ? ['application/cbor'] : [])]);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** "1 hr 01 min 39 sec" */
function uptimeText(seconds: number): string {
  return `${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`;
}

/** "Sat Nov 21 08:01:54 UTC 2026" */
function dateText(ms: number): string {
  const [day = '', date = '', month = '', year = '', time = ''] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}

function page(kind: 'Statusz' | 'Flagz', text: () => string, fields: () => Record<string, unknown>): ZPages {
  return {
    handle(call) {
      const want = wanted(call.exchange.headers.accept, kind, call.cbor);
      if (want.form === 'text') return answer(call, 200, { 'content-type': 'text/plain; charset=utf-8' }, `\napiserver ${kind.toLowerCase()}\n${warning}\n${text()}`);
      if (want.version === 'v1alpha1') call.warn(`This version of the ${kind.toLowerCase()} endpoint is deprecated. Please use a newer version.`);
      const object: KubeObject = { kind, apiVersion: `config.k8s.io/${want.version}`, metadata: { name: 'apiserver' }, ...fields() };
      answer(call, 200, { 'content-type': `application/${want.form};g=config.k8s.io;v=${want.version};as=${kind}` }, encoded(call, want.form, object));
    },
  };
}

function encoded({ exchange, info }: Call, form: Form, object: KubeObject): Uint8Array | string {
  if (form === 'cbor') return encodeCbor(undefined, object);
  if (form === 'yaml') return stringifyYaml(object);
  const text = stringifyJson(object);
  return isPretty(info.query, exchange.headers['user-agent'] ?? '') ? indentJson(text) : `${text}\n`;
}

/** /statusz */
export function statuszPage(parts: ZParts): ZPages {
  const seconds = (): number => Math.max(0, Math.floor((parts.now() - parts.startedMs) / 1000));
  const text = (): string =>
    `\nStarted:  ${dateText(parts.startedMs)}\nUp:  ${uptimeText(seconds())}\nGo version:  ${parts.runtimeVersion}\nBinary version:  ${parts.binaryVersion}\nEmulation version:  ${parts.emulationVersion}\nPaths:  ${paths.join(' ')}\n`;
  return page('Statusz', text, () => ({
    startTime: `${new Date(parts.startedMs).toISOString().slice(0, 19)}Z`, uptimeSeconds: seconds(), goVersion: parts.runtimeVersion, binaryVersion: parts.binaryVersion,
    emulationVersion: parts.emulationVersion, paths,
  }));
}

/** /flagz */
export function flagzPage(parts: ZParts): ZPages {
  const sorted = (): [string, string][] => Object.entries(parts.flags).sort(([a], [b]) => (a < b ? -1 : 1));
  return page('Flagz', () => sorted().map(([name, value]) => `${name}=${value}\n`).join(''), () => ({ flags: Object.fromEntries(sorted()) }));
}
