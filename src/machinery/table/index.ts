// Tables: what `kubectl get` prints, made by the server (meta.k8s.io/v1 Table). Columns and cells equal
// upstream's printers (pkg/printers/internalversion); kinds without a printer of their own show name and
// creation time, custom resources what their definition says. Wide columns are always there, with priority 1.
import type { CustomResourceColumnDefinition } from '#api/apiextensions/v1.ts';
import type { ListMeta, ObjectMeta, Table, TableColumnDefinition, TableRow } from '#api/meta/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { parseApiVersion, typeOfGvk } from '../group-of-type.ts';
import type { KubeObject } from '../object.ts';
import { printers as core } from './core.ts';
import { customPrinter } from './custom.ts';
import { printers as network } from './network.ts';
import { printers as pod } from './pod.ts';
import { printers as policy } from './policy.ts';
import { printers as preview } from './preview.ts';
import { printer, type Cell, type Printer } from './printer.ts';
import { printers as storage } from './storage.ts';
import { printers as workloads } from './workloads.ts';

const printers = new Map<string, Printer>(Object.entries({ ...core, ...network, ...pod, ...policy, ...preview, ...storage, ...workloads }));

/** Versions whose kinds show what the named version of the kind shows: package.version → version. */
const shownAs: Readonly<Record<string, string>> = {
  'admissionregistration.v1alpha1': 'v1', 'admissionregistration.v1beta1': 'v1', 'certificates.v1alpha1': 'v1beta1', 'coordination.v1alpha2': 'v1beta1', 'networking.v1beta1': 'v1',
  'resource.v1alpha3': 'v1beta2', 'resource.v1beta1': 'v1', 'resource.v1beta2': 'v1', 'storage.v1beta1': 'v1',
};

function printerOf(type: string): Printer {
  const known = printers.get(type);
  if (known !== undefined) return known;
  const [pkg = '', version = '', kind = ''] = type.split('.');
  const same = shownAs[`${pkg}.${version}`];
  return (same === undefined ? undefined : printers.get(`${pkg}.${same}.${kind}`)) ?? fallback;
}

const fallback: Printer = printer<KubeObject>('Name=name Created_At:date', (object) => [object.metadata?.name ?? '', object.metadata?.creationTimestamp ?? '0001-01-01T00:00:00Z']);

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableInput {
  readonly info: Pick<ResourceInfo, 'type'>;
  readonly objects: readonly KubeObject[];
  readonly includeObject: IncludeObject;
  readonly listMeta: ListMeta;
  /** Wall time in milliseconds, for ages. */
  readonly nowMs: number;
  /** Of a custom resource's version. */
  readonly customColumns?: readonly CustomResourceColumnDefinition[];
}

/** A Table row whose cells are told, which meta's own type leaves out. */
export interface FilledRow extends TableRow {
  cells: Cell[];
}

/** The object alone by its metadata, as metadata-only answers and rows carry it. */
export function partialObjectMetadata(object: KubeObject): KubeObject {
  const metadata: ObjectMeta = object.metadata ?? {};
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

/** A list of which only metadata is asked for. */
export function partialObjectMetadataList(objects: readonly KubeObject[], listMeta: ListMeta): KubeObject {
  return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: { ...listMeta }, items: objects.map(partialObjectMetadata) };
}

function includedObject(object: KubeObject, include: IncludeObject): KubeObject | null {
  if (include === 'None') return null;
  return include === 'Object' ? object : partialObjectMetadata(object);
}

/** Subresources answer with other kinds than the resource's: the object itself says what it is. */
function printerFor(input: TableInput): Printer {
  const first = input.objects[0];
  const { group, version } = parseApiVersion(first?.apiVersion ?? '');
  const own = first?.kind === undefined ? undefined : typeOfGvk(group, version, first.kind);
  const isOwn = input.info.type !== undefined || own === 'autoscaling.v1.Scale' || (own === 'meta.v1.Status' && group === '');
  const type = isOwn ? (own ?? input.info.type) : undefined;
  if (type === undefined) return customPrinterOf(input.customColumns);
  return printerOf(type);
}

const customPrinters = new WeakMap<readonly CustomResourceColumnDefinition[], Printer>();
const plainCustomPrinter = customPrinter(undefined);

/** Columns are parsed once per definition. */
function customPrinterOf(columns: readonly CustomResourceColumnDefinition[] | undefined): Printer {
  if (columns === undefined) return plainCustomPrinter;
  const known = customPrinters.get(columns) ?? customPrinter(columns);
  customPrinters.set(columns, known);
  return known;
}

/** The column definitions that the objects of a resource have. */
export function tableColumns(info: Pick<ResourceInfo, 'type'>, customColumns?: readonly CustomResourceColumnDefinition[]): readonly TableColumnDefinition[] {
  return info.type === undefined ? customPrinterOf(customColumns).columns : printerOf(info.type).columns;
}

/** The Table of one object or of a page of a list. */
export function toTable(input: TableInput): Table {
  const { columns, cells, conditions, order } = printerFor(input);
  const objects = order === undefined ? input.objects : input.objects.toSorted(order);
  const rows = objects.map((object): FilledRow => {
    const row: FilledRow = { cells: cells(object, input.nowMs), object: includedObject(object, input.includeObject) };
    const told = conditions?.(object);
    if (told !== undefined) row.conditions = told;
    return row;
  });
  return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { ...input.listMeta }, columnDefinitions: [...columns], rows };
}
