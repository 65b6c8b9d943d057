/**
 * LiveKit agents tell time in seconds (Python) or milliseconds (JavaScript). What is taken, by the wire's own hints:
 * - a duration whose name ends in Ms (ttftMs) is milliseconds; one in snake_case company (request_id, speech_id) is seconds;
 * - a ChatMessage's `metrics` are seconds in both languages;
 * - an early JavaScript release wrote camelCase without Ms: its unit cannot be told, so its durations are left out;
 * - a wall time tells its unit by its size (json.ts).
 * The event's attributes.unit says which was taken.
 */
import { numberAt, type Json } from './json.ts';

export type Unit = 's' | 'ms' | 'unknown';

export function unitOf(json: Json): Unit {
  const names = Object.keys(json);
  if (names.some((name) => /[a-z]Ms$/.test(name))) return 'ms';
  return names.some((name) => /[a-z][A-Z]/.test(name)) ? 'unknown' : 's';
}

const snake = (camel: string): string => camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A field by its JavaScript name, in either language's spelling. */
export const spellings = (camel: string): readonly string[] => [camel, snake(camel)];

/** Seconds; below zero (-1: there was none) is not known. */
export function durationAt(json: Json | undefined, camel: string, unit: Unit): number | undefined {
  if (json === undefined || unit === 'unknown') return undefined;
  const inMs = numberAt(json, `${camel}Ms`);
  const seconds = inMs === undefined ? numberAt(json, ...spellings(camel)) : inMs / 1_000;
  return seconds !== undefined && seconds >= 0 ? seconds : undefined;
}

/** For durations where zero stands for "not detected". */
export function detectedAt(json: Json | undefined, camel: string, unit: Unit): number | undefined {
  const seconds = durationAt(json, camel, unit);
  return seconds === 0 ? undefined : seconds;
}
