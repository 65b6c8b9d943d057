/** What one convention says of a span, and how its attributes are read: what is missing or makes no sense is not said. */
import type { Request } from '../request.ts';
import type { Span } from '../span.ts';

/** Only what the convention says; of several conventions the first that says something is believed. */
export type Reading = Partial<
  Pick<
    Request,
    | 'kind'
    | 'provider'
    | 'model'
    | 'voice'
    | 'tool'
    | 'role'
    | 'inputTokens'
    | 'outputTokens'
    | 'cachedTokens'
    | 'inputAudioTokens'
    | 'outputAudioTokens'
    | 'characters'
    | 'audioMs'
    | 'costUsd'
    | 'timeToFirstMs'
    | 'isCancelled'
    | 'isError'
    | 'errorType'
    | 'turnId'
    | 'metrics'
    | 'outputText'
  >
>;

export type Convention = (span: Span) => Reading;

/** The first of the attributes that says something. */
export function textOf(span: Span, ...names: readonly string[]): string {
  for (const name of names) {
    const value = span.attributes[name];
    if (value !== undefined && value !== '') return value;
  }
  return '';
}

/** More of anything is a mistake, and would make sums of others' useless. */
const COUNT_MAX = 1e12;

/** A quantity: finite and not negative, -1 being the usual word for "none". */
export function countOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && number >= 0 && number <= COUNT_MAX ? number : null;
}

export const numberOf = (span: Span, ...names: readonly string[]): number | null => countOf(textOf(span, ...names));

export const msOfSeconds = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1_000);

export const isTrue = (span: Span, ...names: readonly string[]): boolean => /^(true|1)$/i.test(textOf(span, ...names));

/** JSON that the sender put into an attribute; null where there is none, or none that is an object. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  const value = parsedJson(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** What does not look like JSON is not tried: a throw costs more than all the rest of a span. */
export function parsedJson(text: string): unknown {
  if (!/^\s*[[{"]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Seconds by canonical name, without what is not known. */
export const metricsOf = (metrics: Readonly<Record<string, number | null>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(metrics).filter((entry): entry is [string, number] => entry[1] !== null));

/** From the span's start to a moment told as ISO 8601, in quotes or without. */
export function msUntil(span: Span, moment: string): number | null {
  if (moment === '') return null;
  const unixMs = Date.parse(moment.replace(/^"|"$/g, ''));
  return countOf(unixMs - Number(span.startNs / 1_000n) / 1_000);
}

const CANCELLED = /cancell?ed|abort|interrupted/i;

/** By the words of exceptions and of finish reasons. */
export const saysCancelled = (...words: readonly string[]): boolean => words.some((word) => CANCELLED.test(word));

const MESSAGE_DEPTH_MAX = 6;

/** The words of a message or of several, in any of the JSON shapes that are written: roles, parts and calls left out. */
export function wordsOf(json: unknown, depth = 0): string {
  if (typeof json === 'string') return json;
  if (typeof json !== 'object' || json === null || depth > MESSAGE_DEPTH_MAX) return '';
  if (Array.isArray(json)) {
    return json
      .map((item) => wordsOf(item, depth + 1))
      .filter((text) => text !== '')
      .join('\n');
  }
  const { content, parts, message, text } = json as Readonly<Record<string, unknown>>;
  return wordsOf(text ?? parts ?? content ?? message ?? '', depth + 1);
}
