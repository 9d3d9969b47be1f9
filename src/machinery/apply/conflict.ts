// The answer to an apply that would take fields from other managers: 409 with one cause per field, in
// upstream's words.
import type { Sliced } from '../slices.ts';
import { applyConflict, type StatusError } from '../status.ts';
import { hasPath, paths, showPath, type FieldSet } from './field-set.ts';
import type { Manager } from './managed-fields.ts';
import type { Conflict } from './update-managers.ts';

export interface FieldConflict {
  readonly manager: Manager;
  readonly path: readonly string[];
  /** The path as messages show it. */
  readonly shown: string;
}

/** Upstream sorts managers by their identity in JSON. */
function identity({ name, operation, apiVersion, subresource }: Manager): string {
  return JSON.stringify({
    manager: name, operation, ...(operation === 'Apply' ? {} : { apiVersion }), ...(subresource === '' ? {} : { subresource }),
  });
}

/** One entry per field, managers in a fixed order, fields as upstream lists them. */
export function fieldConflicts(conflicts: readonly Conflict[]): FieldConflict[] {
  return [...conflicts]
    .sort((a, b) => (identity(a.manager) < identity(b.manager) ? -1 : 1))
    .flatMap(({ manager, fields }) => paths(fields).map((path) => ({ manager, path, shown: showPath(path) })));
}

/** The conflicts whose field is not in `allowed`. */
export function disallowed(conflicts: readonly FieldConflict[], allowed: FieldSet): FieldConflict[] {
  return conflicts.filter((conflict) => !hasPath(allowed, conflict.path));
}

function describe(manager: Manager): string {
  let text = JSON.stringify(manager.name);
  if (manager.subresource !== '') text += ` with subresource ${JSON.stringify(manager.subresource)}`;
  return manager.operation === 'Update' ? `${text} using ${manager.apiVersion}` : text;
}

function message(conflicts: readonly FieldConflict[]): string {
  const [first] = conflicts;
  if (first !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${describe(first.manager)}: ${first.shown}`;
  }
  const lines: string[] = [];
  let previous: Manager | undefined;
  for (const { manager, shown } of conflicts) {
    if (manager !== previous) lines.push(`conflicts with ${describe(manager)}:`);
    previous = manager;
    lines.push(`- ${shown}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

/** 409 Conflict with causes of type FieldManagerConflict, with a pause. */
export function* tellingConflicts(conflicts: readonly FieldConflict[]): Sliced<StatusError> {
  const texts = new Map<Manager, string>();
  const textOf = (manager: Manager): string => {
    const text = texts.get(manager) ?? `conflict with ${describe(manager)}`;
    texts.set(manager, text);
    return text;
  };
  const causes = conflicts.map(({ manager, shown }) => ({ reason: 'FieldManagerConflict', message: textOf(manager), field: shown }));
  yield;
  return applyConflict(causes, message(conflicts));
}
