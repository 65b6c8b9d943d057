/** Wall times (Unix ms) as ClickHouse reads them into DateTime64, whatever its date_time_input_format. */
export const utc = (unixMs: number): string => new Date(unixMs).toISOString().replace('T', ' ').replace('Z', '');

/** With microseconds, for what other clocks tell. */
export function utcMicros(unixMs: number): string {
  const micros = Math.round(unixMs * 1_000);
  const wholeMs = Math.floor(micros / 1_000);
  return `${utc(wholeMs)}${String(micros - wholeMs * 1_000).padStart(3, '0')}`;
}

/** A wall time (Unix ns) for a column that names no time zone, read with date_time_input_format = 'best_effort'. */
export function utcNs(unixNs: bigint): string {
  const seconds = new Date(Number(unixNs / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(unixNs % 1_000_000_000n).padStart(9, '0')}Z`;
}
