/** A wall time (Unix ms) as ClickHouse reads it into DateTime64(3, 'UTC'), whatever its date_time_input_format. */
export const utc = (unixMs: number): string => new Date(unixMs).toISOString().replace('T', ' ').replace('Z', '');
