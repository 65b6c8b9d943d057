/** Silences and maintenance windows out of a rule file. */
import { WEEKDAYS, type MaintenanceWindow, type Silence, type Weekday } from '../../core/alerts/rules.ts';
import type { MapReader } from './mapReader.ts';
import { oneOfNames } from './oneOfNames.ts';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;
const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;

function matchersAt(map: MapReader) {
  const name = map.text('name', null);
  return { name, comment: map.text('comment', ''), rules: map.texts('rules'), labels: map.textMap('labels') };
}

export function readSilence(map: MapReader): Silence {
  const silence = {
    ...matchersAt(map),
    startsAtMs: instantAt(map, 'starts_at'),
    endsAtMs: instantAt(map, 'ends_at'),
  };
  if (silence.endsAtMs < silence.startsAtMs) map.problem('ends_at', 'a time after starts_at');
  map.done();
  return silence;
}

export function readMaintenanceWindow(map: MapReader): MaintenanceWindow {
  const window = {
    ...matchersAt(map),
    days: daysAt(map),
    fromMinute: minuteAt(map, 'from'),
    toMinute: minuteAt(map, 'to'),
    timeZone: zoneAt(map),
  };
  if (map.has('to') && window.fromMinute === window.toMinute) map.problem('to', 'another time than from');
  map.done();
  return window;
}

function instantAt(map: MapReader, name: string): number {
  const text = map.text(name, '');
  const ms = INSTANT.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) map.problem(name, 'a time with its zone, such as 2026-01-31T22:00:00Z');
  return Number.isNaN(ms) ? 0 : ms;
}

function daysAt(map: MapReader): readonly Weekday[] {
  const told = map.texts('days');
  const isDay = (day: string): day is Weekday => WEEKDAYS.some((one) => one === day);
  for (const day of told) if (!isDay(day)) map.problem('days', oneOfNames(day, WEEKDAYS), day);
  return told.length === 0 ? WEEKDAYS : told.filter(isDay);
}

function minuteAt(map: MapReader, name: string): number {
  const found = TIME_OF_DAY.exec(map.text(name, ''));
  if (found === null) map.problem(name, 'a time of day in quotes, such as "02:00"');
  return found === null ? 0 : Number(found[1]) * 60 + Number(found[2]);
}

function zoneAt(map: MapReader): string {
  const zone = map.text('time_zone', 'UTC');
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    map.problem('time_zone', 'a time zone such as UTC or Europe/Berlin');
    return 'UTC';
  }
}
