/**
 * Texts of running calls, in memory only: a tenant's policy may forbid to write them down, and still they tell how much of an
 * answer was heard. Bounded in bytes; the calls that were heard of first go first.
 */
import type { HeldText } from '../../adapters/bus/bus.ts';
import type { SpeechEvent, Word } from '../../core/events/speechEvent.ts';
import { WORD_COUNT_ATTRIBUTE } from '../../core/events/textPolicy.ts';

interface HeldCall {
  readonly tenant: string;
  readonly callKey: string;
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

  hold({ tenant, callKey, id, text, words }: SpeechEvent): void {
    if (text !== '' || words.length > 0) this.holdText({ tenant, callKey, eventId: id, text, words });
  }

  /** Of one event the first stands. */
  holdText({ tenant, callKey, eventId, text, words }: HeldText): void {
    const key = keyOf(tenant, callKey);
    const call = this.#calls.get(key) ?? { tenant, callKey, texts: new Map(), bytes: 0 };
    this.#calls.set(key, call);
    if (call.texts.has(eventId)) return;
    const bytes = bytesOf({ text, words });
    call.texts.set(eventId, { text, words });
    call.bytes += bytes;
    this.#bytes += bytes;
    for (const oldest of this.#calls.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  /** The names of calls of which there is something. */
  get names(): readonly { readonly tenant: string; readonly callKey: string }[] {
    return [...this.#calls.values()];
  }

  has(tenant: string, callKey: string): boolean {
    return this.#calls.has(keyOf(tenant, callKey));
  }

  /** All that is held of the calls by these names. */
  of(tenant: string, callKeys: readonly string[]): HeldText[] {
    return callKeys.flatMap((callKey) =>
      [...(this.#calls.get(keyOf(tenant, callKey))?.texts ?? [])].map(([eventId, held]) => ({
        tenant,
        callKey,
        eventId,
        ...held,
      })),
    );
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

  /** These are with another process now; what came meanwhile stays. */
  release(held: readonly HeldText[]): void {
    for (const { tenant, callKey, eventId, text, words } of held) {
      const key = keyOf(tenant, callKey);
      const call = this.#calls.get(key);
      if (call?.texts.delete(eventId) !== true) continue;
      const bytes = bytesOf({ text, words });
      call.bytes -= bytes;
      this.#bytes -= bytes;
      if (call.texts.size === 0) this.#calls.delete(key);
    }
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

export const bytesOf = ({ text, words }: Pick<HeldText, 'text' | 'words'>): number =>
  200 + 2 * text.length + words.reduce((sum, word) => sum + 60 + 2 * word.text.length, 0);
