/**
 * Whether nobody is to be told of an alert now. Alerts are judged all the same: one that still fires when the silence is over
 * has to be told then, so ask again whenever there is something to tell.
 */
import { labelsOf, type Alert } from './alert.ts';
import { WEEKDAYS, type MaintenanceWindow, type Matchers, type RuleSet } from './rules.ts';

/** The silence or maintenance window that holds the alert back, or null. */
export function silencedBy(
  { silences, maintenanceWindows }: Pick<RuleSet, 'silences' | 'maintenanceWindows'>,
  alert: Alert,
  atMs: number,
): string | null {
  const silence = silences.find((one) => one.startsAtMs <= atMs && atMs < one.endsAtMs && concerns(one, alert));
  if (silence !== undefined) return silence.name;
  return maintenanceWindows.find((one) => concerns(one, alert) && isWithin(one, atMs))?.name ?? null;
}

function concerns({ rules, labels }: Matchers, alert: Alert): boolean {
  const of = labelsOf(alert);
  return (
    (rules.length === 0 || rules.includes(alert.rule)) &&
    Object.entries(labels).every(([name, value]) => Object.hasOwn(of, name) && of[name] === value)
  );
}

function isWithin({ days, fromMinute, toMinute, timeZone }: MaintenanceWindow, atMs: number): boolean {
  const { day, minute } = localTime(atMs, timeZone);
  const isOn = (index: number): boolean => days.includes(WEEKDAYS[(index + 7) % 7]);
  if (fromMinute < toMinute) return isOn(day) && fromMinute <= minute && minute < toMinute;
  return (isOn(day) && minute >= fromMinute) || (isOn(day - 1) && minute < toMinute);
}

/** `day`: 0 is Monday. */
function localTime(atMs: number, timeZone: string): { readonly day: number; readonly minute: number } {
  const options = { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const parts = new Intl.DateTimeFormat('en-US', options).formatToParts(atMs);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  const day = WEEKDAYS.findIndex((name) => name === part('weekday').toLowerCase());
  return { day, minute: Number(part('hour')) * 60 + Number(part('minute')) };
}
