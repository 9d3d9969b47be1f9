// The rows of the bench and how they are printed: measure, value, limit, share, budget.

export interface Row {
  readonly measure: string;
  readonly value: number;
  /** '/s', 'MB', 'ms' */
  readonly unit: string;
  /** What the bare server did with the same bytes. */
  readonly limit?: number;
  /** `kin`: the beginning of a measure with a limit, which tells how this machine compares with the budget's. */
  readonly budget?: { readonly atLeast?: number; readonly atMost?: number; readonly share?: number; readonly kin?: string };
  readonly note?: string;
}

const number = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1));

/** Reached: the share of the limit decides where the budget names one, as the ratio holds on any machine. */
function verdict(row: Row, rows: readonly Row[]): string {
  const { value, limit, budget } = row;
  if (budget === undefined) return '';
  const texts: string[] = [];
  if (budget.atLeast !== undefined) texts.push(`${value >= budget.atLeast ? 'ok' : '--'} ≥ ${number(budget.atLeast)}`);
  const scale = scaleOf(row, rows);
  if (budget.atLeast !== undefined && scale !== undefined) texts.push(`${value >= budget.atLeast * scale ? 'ok' : '--'} ≥ ${number(budget.atLeast * scale)} on such a machine`);
  if (budget.atMost !== undefined) texts.push(`${value <= budget.atMost ? 'ok' : '--'} ≤ ${number(budget.atMost)}`);
  if (budget.share !== undefined && limit !== undefined) texts.push(`${value / limit >= budget.share ? 'ok' : '--'} ≥ ${budget.share * 100} %`);
  return texts.join('  ');
}

/**
 * A budget of a rate and a share of the limit tells what the bare server did on the machine for which the budgets were
 * made: what it does here, against that, is the scale of rates that have no share.
 */
function scaleOf({ budget }: Row, rows: readonly Row[]): number | undefined {
  const { kin } = budget ?? {};
  const like = kin === undefined ? undefined : rows.find(({ measure }) => measure.startsWith(kin));
  const { limit, budget: told } = like ?? {};
  return limit === undefined || told?.atLeast === undefined || told.share === undefined ? undefined : limit / (told.atLeast / told.share);
}

export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.measure,
    `${number(row.value)} ${row.unit}`,
    row.limit === undefined ? '' : `${number(row.limit)} ${row.unit}`,
    row.limit === undefined ? '' : `${((100 * row.value) / row.limit).toFixed(0)} %`,
    verdict(row, rows),
    row.note ?? '',
  ]);
  const all = [['measure', 'value', 'limit', 'share', 'budget', ''], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all.map((row) => row.map((cell, column) => (column === 0 || column >= 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ').trimEnd()).join('\n');
}
