/** Rows as an aligned text table: numbers to the right, unknown as a dash. */
export function renderTable(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) => row.map(cellText));
  const widths = columns.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i].length)));
  const isNumeric = columns.map((_, i) => rows.every((row) => row[i] === null || typeof row[i] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => (isNumeric[i] ? text.padStart(widths[i]) : text.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((width) => '─'.repeat(width))), ...cells.map(line)].join('\n');
}

export const UNKNOWN = '–';

function cellText(value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Math.round(value * 1_000) / 1_000);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
