/**
 * Texts of running calls, in memory only: a tenant's policy may forbid to write them down, and still they tell how much of an
 * answer was heard. Bounded in bytes; the calls that were heard of first go first.
 */
import type { SpeechEvent, Word } from '../../core/events/speechEvent.ts';
import { WORD_COUNT_ATTRIBUTE } from '../../core/events/textPolicy.ts';

interface HeldCall {
  readonly texts: Map<string, { readonly text: string; readonly words: readonly Word[] }>;
  bytes: number;
}

export class HeldTexts {
  readonly #bytesMax: number;
  readonly #calls = new Map<string, HeldCall>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hold(event: SpeechEvent): void {
    if (event.text === '' && event.words.length === 0) return;
    const key = keyOf(event.tenant, event.callKey);
    const call = this.#calls.get(key) ?? { texts: new Map(), bytes: 0 };
    this.#calls.set(key, call);
    if (call.texts.has(event.id)) return;
    const bytes = 200 + 2 * event.text.length + event.words.reduce((sum, { text }) => sum + 60 + 2 * text.length, 0);
    call.texts.set(event.id, { text: event.text, words: event.words });
    call.bytes += bytes;
    this.#bytes += bytes;
    for (const oldest of this.#calls.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  /** The event with its text, if that is still held. */
  withText(event: SpeechEvent): SpeechEvent {
    const held = this.#calls.get(keyOf(event.tenant, event.callKey))?.texts.get(event.id);
    return held === undefined ? event : { ...event, text: held.text, words: held.words };
  }

  /** Whether nothing is missing of its text: it was kept, or is held. */
  isWhole(event: SpeechEvent): boolean {
    const isReduced = Object.hasOwn(event.attributes, WORD_COUNT_ATTRIBUTE);
    return !isReduced || this.#calls.get(keyOf(event.tenant, event.callKey))?.texts.has(event.id) === true;
  }

  /** The calls by these names are over, and joined for the last time. */
  forget(tenant: string, callKeys: readonly string[]): void {
    for (const callKey of callKeys) this.#drop(keyOf(tenant, callKey));
  }

  #drop(key: string): void {
    this.#bytes -= this.#calls.get(key)?.bytes ?? 0;
    this.#calls.delete(key);
  }
}

const keyOf = (tenant: string, callKey: string): string => `${tenant}\u0000${callKey}`;
