/** Durations as Prometheus writes them: 500ms, 10s, 1m30s, 2h, 7d, 2w; the largest unit first, each once. */
const UNITS_MS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const DURATION = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;
/** A year and a day. */
const MS_MAX = 366 * UNITS_MS.d;

export const DURATION_EXPECTED = 'a duration such as 500ms, 10s, 1m30s, 2h or 7d, of a year at most';

/** Null: it is none. */
export function durationMs(text: string): number | null {
  const found = DURATION.exec(text);
  if (text === '0') return 0;
  if (text === '' || found === null) return null;
  const ms = Object.values(UNITS_MS).reduce((sum, unit, i) => sum + Number(found[i + 1] ?? 0) * unit, 0);
  return ms <= MS_MAX ? ms : null;
}

export function durationText(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, unitMs] of Object.entries(UNITS_MS)) {
    const many = Math.floor(rest / unitMs);
    rest -= many * unitMs;
    if (many > 0) text += `${many}${unit}`;
  }
  return text === '' ? '0s' : text;
}
