/** What came instead, in a few words for an error: never long, and never deep, for what came may be hostile. */
const LENGTH_MAX = 80;

export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === '') return 'an empty text';
  if (Array.isArray(value)) return value.every(isShort) ? shorten(JSON.stringify(value)) : `a list of ${value.length}`;
  if (typeof value === 'object') return shorten(`an object with ${Object.keys(value).join(', ') || 'no fields'}`);
  return shorten(typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value));
}

const isShort = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';

const shorten = (text: string): string =>
  text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}... (${text.length} characters)` : text;
