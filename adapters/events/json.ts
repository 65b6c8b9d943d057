/**
 * Reading fields of messages that others made. What is missing or makes no sense is undefined (or '' for texts), so that one
 * odd field does not cost the rest; what is too large is refused. Several names mean: the first that is there.
 */
import { describe } from '../../core/units/describe.ts';
import { InvalidInput } from '../../core/units/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

export const LIMITS = {
  textLength: 65_536,
  idLength: 200,
  words: 10_000,
  wordLength: 1_000,
  /** Metrics and attributes, each. */
  entries: 100,
  /** Longer than any call: 10 days. */
  mediaMs: 864_000_000,
} as const;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function objectOf(value: unknown, expected: string): Json {
  if (isObject(value)) return value;
  throw refused(expected, describe(value));
}

/** A message that names its type; `pattern` is how this source spells types, so that another's message is noticed. */
export function typedMessage(
  value: unknown,
  { expected, pattern, field = 'type' }: { expected: string; pattern: RegExp; field?: string },
): { readonly json: Json; readonly type: string } {
  const json = objectOf(value, expected);
  const type = valueAt(json, field);
  if (typeof type === 'string' && type.length <= LIMITS.idLength && pattern.test(type)) return { json, type };
  throw refused(expected, type === undefined ? describe(json) : `${field} ${describe(type)}`);
}

/** Own fields only: nothing is read from a prototype. */
export function valueAt(json: Json | undefined, ...names: readonly string[]): unknown {
  if (json === undefined) return undefined;
  const name = names.find((candidate) => Object.hasOwn(json, candidate) && json[candidate] !== null);
  return name === undefined ? undefined : json[name];
}

export function objectAt(json: Json | undefined, ...names: readonly string[]): Json | undefined {
  const value = valueAt(json, ...names);
  return isObject(value) ? value : undefined;
}

export function listAt(json: Json | undefined, ...names: readonly string[]): readonly unknown[] {
  const value = valueAt(json, ...names);
  return Array.isArray(value) ? value : [];
}

export const objectsAt = (json: Json | undefined, ...names: readonly string[]): readonly Json[] =>
  listAt(json, ...names).filter(isObject);

export function textAt(json: Json | undefined, ...names: readonly string[]): string {
  const value = valueAt(json, ...names);
  return typeof value === 'string' ? bounded(value, names[0], LIMITS.textLength) : '';
}

/** Some services number what others name. */
export function idAt(json: Json | undefined, ...names: readonly string[]): string {
  const value = valueAt(json, ...names);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return typeof value === 'string' ? bounded(value, names[0], LIMITS.idLength) : '';
}

export function numberAt(json: Json | undefined, ...names: readonly string[]): number | undefined {
  const value = valueAt(json, ...names);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Not below zero: many services say -1 for "unknown". */
export function amountAt(json: Json | undefined, ...names: readonly string[]): number | undefined {
  const value = numberAt(json, ...names);
  return value !== undefined && value >= 0 ? value : undefined;
}

export function countAt(json: Json | undefined, ...names: readonly string[]): number | undefined {
  const value = numberAt(json, ...names);
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff ? value : undefined;
}

export function shareAt(json: Json | undefined, ...names: readonly string[]): number | undefined {
  const value = numberAt(json, ...names);
  return value !== undefined && value >= 0 && value <= 1 ? value : undefined;
}

/** Media time: whole milliseconds, as the wire form has it. */
export const mediaMs = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= LIMITS.mediaMs ? Math.round(value) : undefined;

export const msAt = (json: Json | undefined, ...names: readonly string[]): number | undefined =>
  mediaMs(valueAt(json, ...names));

export const secondsAt = (json: Json | undefined, ...names: readonly string[]): number | undefined => {
  const value = numberAt(json, ...names);
  return value === undefined ? undefined : mediaMs(value * 1_000);
};

/** The years 2000 to 2100: a time in another unit than it was taken for lies far outside. */
export const WALL_MS = { min: 946_684_800_000, max: 4_102_444_800_000 } as const;
const isWallMs = (ms: number): boolean => ms >= WALL_MS.min && ms <= WALL_MS.max;
const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** Wall time as Unix ms, from Unix seconds, Unix milliseconds (their sizes tell) or RFC 3339. Fractions are kept. */
export function wallMs(value: unknown): number | undefined {
  if (typeof value === 'string') return rfc3339Ms(value);
  if (typeof value !== 'number') return undefined;
  return [value, value * 1_000].find(isWallMs);
}

/** Date.parse alone would cut what is finer than a millisecond. */
function rfc3339Ms(text: string): number | undefined {
  const [, day, time, fraction = '', zone] = RFC_3339.exec(text) ?? [];
  const ms = Date.parse(`${day}T${time}${zone?.toUpperCase()}`) + Number(`0${fraction}`) * 1_000;
  return isWallMs(ms) ? ms : undefined;
}

export const wallMsAt = (json: Json | undefined, ...names: readonly string[]): number | undefined =>
  wallMs(valueAt(json, ...names));

/** Half of a surrogate pair is no text that a store could keep. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

export function bounded(text: string, name: string, lengthMax: number): string {
  if (text.length > lengthMax) throw refused(`${name} of at most ${lengthMax} characters`, `${text.length} characters`);
  return wellFormed(text);
}

export const wellFormed = (text: string): string => text.replace(LONE_SURROGATES, '\ufffd');

export function boundedList<Item>(list: readonly Item[], name: string, lengthMax: number): readonly Item[] {
  if (list.length <= lengthMax) return list;
  throw refused(`at most ${lengthMax} ${name}`, `${list.length}`);
}

export const refused = (expected: string, got: string): InvalidInput =>
  new InvalidInput('message_invalid', { expected, got });
