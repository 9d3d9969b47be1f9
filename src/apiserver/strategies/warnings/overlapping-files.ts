// Files of one volume that would lie on top of each other: two of one path, or one below another. What may be thousands
// of files is sorted, so that the few that a file meets are found without a look at all others.
import { goQuote } from '#machinery';

export interface PlacedFile {
  readonly path: string;
  /** '' where a volume has one source. */
  readonly source: string;
}

/** One path, with the files that lie there, in the order of the volume. */
interface Place {
  readonly path: string;
  readonly numbers: number[];
  /** The nearest place that it is below. */
  readonly above: Place | undefined;
  /** Its own position in the order of paths, and the first one that is not below it. */
  readonly at: number;
  end: number;
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/');
}

/** Each path once; a folder is followed by all that is below it. */
function inOrder(paths: readonly string[]): string[] {
  const slashesFirst = [...new Set(paths)].map((path) => [path.replaceAll('/', '\u0000'), path] as const);
  return slashesFirst.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, path]) => path);
}

function placesOf(paths: readonly string[]): { readonly sorted: readonly Place[]; readonly byPath: ReadonlyMap<string, Place> } {
  const sorted: Place[] = [];
  const byPath = new Map<string, Place>();
  const open: Place[] = [];
  for (const path of inOrder(paths)) {
    if (path === '') continue;
    while (open.length > 0 && !isInside(path, open.at(-1)?.path ?? '')) (open.pop() as Place).end = sorted.length;
    const place: Place = { path, numbers: [], above: open.at(-1), at: sorted.length, end: 0 };
    sorted.push(place);
    open.push(place);
    byPath.set(path, place);
  }
  for (const place of open) place.end = sorted.length;
  for (const [number, path] of paths.entries()) byPath.get(path)?.numbers.push(number);
  return { sorted, byPath };
}

/** The files before `number` that are at, above or below its place, in their order. */
function metBefore(number: number, place: Place, sorted: readonly Place[]): number[] {
  const met: number[] = [];
  const take = ({ numbers }: Place): void => {
    for (const other of numbers) {
      if (other >= number) return;
      met.push(other);
    }
  };
  for (let above: Place | undefined = place; above !== undefined; above = above.above) take(above);
  for (let at = place.at + 1; at < place.end; at++) {
    const below = sorted[at];
    if (below !== undefined) take(below);
  }
  return met.sort((a, b) => a - b);
}

function shown(path: string, source: string): string {
  return source === '' ? goQuote(path) : `${goQuote(path)} (${source})`;
}

/** A run of slashes may be as long as the request. */
function withoutEndingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}

export interface Overlap {
  /** The later of the two files. */
  readonly file: PlacedFile;
  readonly text: string;
}

/** Each file with those before it that it meets, in the order of the files. Who has enough stops asking. */
export function* overlaps(files: readonly PlacedFile[]): Generator<Overlap, void, void> {
  const paths = files.map(({ path }) => withoutEndingSlashes(path));
  const { sorted, byPath } = placesOf(paths);
  for (const [number, file] of files.entries()) {
    const place = byPath.get(paths[number] ?? '');
    if (place === undefined) continue;
    for (const other of metBefore(number, place, sorted)) {
      yield { file, text: `${shown(place.path, file.source)} with ${shown(paths[other] ?? '', files[other]?.source ?? '')}` };
    }
  }
}
