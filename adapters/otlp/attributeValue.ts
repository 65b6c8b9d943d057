/**
 * An attribute's value, whichever encoding it came in, and its text as the Collector's ClickHouse exporter writes it: lists
 * and maps as JSON, bytes as base64, numbers in full.
 */
import { InvalidInput } from '../../core/units/errors.ts';

export type AttributeValue =
  | string
  | boolean
  | bigint
  | number
  | Uint8Array
  | readonly AttributeValue[]
  | ReadonlyMap<string, AttributeValue>
  | null;

/** Nobody reads what is nested deeper, and each level costs stack. */
export const VALUE_DEPTH_MAX = 32;

export function tooDeep(): InvalidInput {
  return new InvalidInput('request_invalid', {
    expected: `values nested at most ${VALUE_DEPTH_MAX} deep`,
    got: 'deeper ones',
  });
}

export function textOf(value: AttributeValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  return value instanceof Uint8Array ? base64(value) : jsonOf(value);
}

/** Not JSON.stringify: a 64-bit integer keeps its digits, and a map may have any key. */
function jsonOf(value: AttributeValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(base64(value));
  if (value instanceof Map) return `{${entriesOf(value as ReadonlyMap<string, AttributeValue>).join(',')}}`;
  return `[${(value as readonly AttributeValue[]).map(jsonOf).join(',')}]`;
}

const entriesOf = (map: ReadonlyMap<string, AttributeValue>): string[] =>
  [...map].map(([key, value]) => `${JSON.stringify(key)}:${jsonOf(value)}`);

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
