// What a kind shows in a Table: its columns and, per object, its cells. Columns are written in one line,
// "Name=name Ready Restarts:integer IP*": `=name` is the format, `:type` the type (string when absent), `*`
// marks what only `-o wide` shows, `_` stands for a space.
import type { TableColumnDefinition, TableRowCondition } from '#api/meta/v1.ts';
import type { KubeObject } from '../object.ts';

export type Cell = string | number | boolean | null;

export interface Printer {
  readonly columns: readonly TableColumnDefinition[];
  cells(object: KubeObject, nowMs: number): Cell[];
  conditions?(object: KubeObject): TableRowCondition[] | undefined;
  /** Of the rows of a list; absent: as the objects come. */
  readonly order?: (a: KubeObject, b: KubeObject) => number;
}

const prose: Readonly<Record<string, string>> = {
  Name: 'The name of the object, unique in its namespace.',
  Age: 'Time since the object was created.',
  Containers: 'Names of the containers in the template.',
  Images: 'Images of the containers in the template.',
  Selector: 'Which pods belong to the object.',
};

const syntax = /^([^=:*]+)(?:=(\w+))?(?::(\w+))?(\*)?$/;

/** The definitions of a line of columns. */
export function parseColumns(line: string): TableColumnDefinition[] {
  return line.split(' ').map((word) => {
    const match = syntax.exec(word);
    if (match === null) throw new Error(`table: bad column ${word}`);
    const [, spelled = '', format = '', type = 'string', wide] = match;
    const name = spelled.replaceAll('_', ' ');
    return { name, type, format, description: prose[name] ?? `${name} of the object.`, priority: wide === undefined ? 0 : 1 };
  });
}

/** A printer for a static type. */
export function printer<T extends object>(columns: string, cells: (object: T, nowMs: number) => Cell[], order?: (a: T, b: T) => number): Printer {
  let parsed: TableColumnDefinition[] | undefined;
  return {
    get columns() {
      return (parsed ??= parseColumns(columns));
    },
    cells: (object, nowMs) => cells(object as T, nowMs),
    ...(order === undefined ? {} : { order: (a, b) => order(a as T, b as T) }),
  };
}

export type Printers = Readonly<Record<string, Printer>>;
