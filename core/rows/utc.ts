/** Wall times (Unix ms) as ClickHouse reads them into DateTime64, whatever its date_time_input_format. */
export const utc = (unixMs: number): string => new Date(unixMs).toISOString().replace('T', ' ').replace('Z', '');

/** With microseconds, for what other clocks tell. */
export function utcMicros(unixMs: number): string {
  const micros = Math.round(unixMs * 1_000);
  const wholeMs = Math.floor(micros / 1_000);
  return `${utc(wholeMs)}${String(micros - wholeMs * 1_000).padStart(3, '0')}`;
}
