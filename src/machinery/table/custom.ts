// Rows of custom resources: the name and what the definition's additionalPrinterColumns say (KEP-1164 columns).
import type { CustomResourceColumnDefinition } from '#api/apiextensions/v1.ts';
import type { TableColumnDefinition } from '#api/meta/v1.ts';
import { parseTime } from '#base/clock.ts';
import type { KubeObject } from '../object.ts';
import { humanDuration } from './cell-text.ts';
import { parseJsonPath, type JsonPath } from './json-path.ts';
import { parseColumns, type Cell, type Printer } from './printer.ts';

const ageColumn: CustomResourceColumnDefinition = { name: 'Age', type: 'date', description: 'Time since the object was created.', jsonPath: '.metadata.creationTimestamp' };

function pathOrNothing(text: string): JsonPath {
  try {
    return parseJsonPath(text);
  } catch {
    return { find: () => [] };
  }
}

function cellOf(type: string, value: unknown, nowMs: number): Cell {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date': {
      if (typeof value !== 'string') return null;
      const at = parseTime(value);
      return Number.isNaN(at) ? '<invalid>' : humanDuration(nowMs - at);
    }
    default:
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
}

/** The printer of a custom resource; without columns of its own it shows its age. */
export function customPrinter(columns: readonly CustomResourceColumnDefinition[] | undefined): Printer {
  const given = columns === undefined || columns.length === 0 ? [ageColumn] : columns;
  const definitions: TableColumnDefinition[] = [
    ...parseColumns('Name=name'),
    ...given.map(({ name, type, format, description, priority, jsonPath }) => ({
      name, type, format: format ?? '', description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`, priority: priority ?? 0,
    })),
  ];
  const paths = given.map(({ jsonPath }) => pathOrNothing(jsonPath));
  return {
    columns: definitions,
    cells: (object: KubeObject, nowMs) => [object.metadata?.name ?? '', ...paths.map((path, i) => cellOf(given[i]?.type ?? 'string', path.find(object)[0], nowMs))],
  };
}
