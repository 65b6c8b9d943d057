/**
 * What is kept of text, by a tenant's policy: nothing but counts and times; hashes of words; text without what is personal; all
 * of it. Applied before anything is written down. Keeping what is kept already changes nothing.
 */
import type { Redactor } from './redact.ts';
import { redactWords } from './redactWords.ts';
import type { Score } from './score.ts';
import type { SpeechEvent } from './speechEvent.ts';
import { holdsText } from './textAttributes.ts';
import { isHashed, type WordHash } from './wordHash.ts';
import { charactersOf, oneWordEach, spokenLettersOf, wordsOf } from './words.ts';

export const TEXT_POLICIES = ['none', 'hashed', 'redacted', 'full'] as const;
export type TextPolicy = (typeof TEXT_POLICIES)[number];

export interface TextTools {
  readonly hash: WordHash;
  readonly redact: Redactor;
}

/** How much text there was, on events whose text was not kept whole. */
export const WORD_COUNT_ATTRIBUTE = 'text.words';
export const CHARACTER_COUNT_ATTRIBUTE = 'text.characters';
/** And how long it takes to say (spokenLettersOf), which neither words nor characters tell where there were numbers. */
export const SPOKEN_LETTERS_ATTRIBUTE = 'text.spoken_letters';

/** JSON deeper than this is treated as plain text. */
const JSON_DEPTH_MAX = 64;

/** The event as it may be written down. */
export function keepText(event: SpeechEvent, policy: TextPolicy, tools: TextTools): SpeechEvent {
  if (policy === 'full') return event;
  const attributes = { ...counts(event), ...keepAttributes(event.attributes, policy, tools) };
  switch (policy) {
    case 'none': {
      const words = oneWordEach(event.words).map((word) => ({ ...word, text: '' }));
      return { ...event, text: '', words, attributes };
    }
    case 'hashed': {
      const hashed = oneWordEach(event.words).map((word) => ({ ...word, text: hashes(word.text, tools) }));
      return {
        ...event,
        text: hashes(event.text, tools),
        words: hashed,
        attributes,
      };
    }
    case 'redacted':
      return { ...event, ...redactWords(event, tools.redact), attributes };
  }
}

/** Text that stands alone, such as a span's attribute. */
export function keepPlainText(text: string, policy: TextPolicy, tools: TextTools): string {
  switch (policy) {
    case 'none':
      return '';
    case 'hashed':
      return hashes(text, tools);
    case 'redacted':
      return redactDocument(text, tools.redact);
    case 'full':
      return text;
  }
}

/** Of a span, a span's event, or an event: those that hold text, by name (textAttributes.ts). */
export function keepAttributes(
  attributes: Readonly<Record<string, string>>,
  policy: TextPolicy,
  tools: TextTools,
): Readonly<Record<string, string>> {
  if (policy === 'full' || !Object.keys(attributes).some(holdsText)) return attributes;
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      holdsText(name) ? keepPlainText(value, policy, tools) : value,
    ]),
  );
}

export const keepScoreText = (score: Score, policy: TextPolicy, tools: TextTools): Score => ({
  ...score,
  explanation: keepPlainText(score.explanation, policy, tools),
});

function hashes(text: string, { hash }: TextTools): string {
  return isHashed(text) ? text : wordsOf(text).map(hash).join(' ');
}

function counts({ text, words }: SpeechEvent): Readonly<Record<string, string>> {
  const spoken = words.map((word) => word.text).filter((each) => each !== '');
  const whole = text.trim() === '' ? spoken.join(' ') : text;
  if (whole.trim() === '' || isHashed(whole)) return {};
  return {
    [WORD_COUNT_ATTRIBUTE]: String(wordsOf(whole).length),
    [CHARACTER_COUNT_ATTRIBUTE]: String(charactersOf(whole)),
    [SPOKEN_LETTERS_ATTRIBUTE]: String(spokenLettersOf(whole)),
  };
}

/** Messages and arguments are JSON: their texts are redacted one by one, so that the document stays one. */
function redactDocument(text: string, redact: Redactor): string {
  if (!/^\s*[[{]/.test(text) || /^\s*\[(?:email|address|number|name)\]/.test(text)) return redact(text);
  try {
    return JSON.stringify(redactValue(JSON.parse(text), redact, 0));
  } catch {
    return redact(text);
  }
}

function redactValue(value: unknown, redact: Redactor, depth: number): unknown {
  if (depth > JSON_DEPTH_MAX) throw new RangeError('too deep');
  if (typeof value === 'string') return redactDocument(value, redact);
  if (typeof value === 'number') return redact(String(value)) === String(value) ? value : redact(String(value));
  if (Array.isArray(value)) return value.map((each) => redactValue(each, redact, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactValue(each, redact, depth + 1)]));
}
