// The order and nesting in which a type's fields stand in protobuf: by number, and inside an embedded message
// where upstream embeds what JSON inlines (Volume's source, Probe's handler).
import { planOf, type FieldPlan } from '../type-plan.ts';

export interface Entry {
  readonly number: number;
  /** Exactly one of the two is set. */
  readonly field: FieldPlan | undefined;
  readonly inline: Layout | undefined;
}

export interface Layout {
  /** Ascending by number. */
  readonly entries: readonly Entry[];
  readonly byNumber: ReadonlyMap<number, Entry>;
}

const layouts = new Map<string, Layout>();

export function layoutOf(type: string): Layout {
  const known = layouts.get(type);
  if (known !== undefined) return known;
  const layout = layOut(planOf(type).fields.map((field) => ({ path: field.schema.number, field })));
  layouts.set(type, layout);
  return layout;
}

function layOut(fields: readonly { path: readonly number[]; field: FieldPlan }[]): Layout {
  const inner = new Map<number, { path: readonly number[]; field: FieldPlan }[]>();
  const entries: Entry[] = [];
  for (const { path, field } of fields) {
    const [number, ...rest] = path;
    if (number === undefined) continue;
    if (rest.length === 0) entries.push({ number, field, inline: undefined });
    else inner.set(number, [...(inner.get(number) ?? []), { path: rest, field }]);
  }
  for (const [number, nested] of inner) entries.push({ number, field: undefined, inline: layOut(nested) });
  entries.sort((a, b) => a.number - b.number);
  return { entries, byNumber: new Map(entries.map((entry) => [entry.number, entry])) };
}
