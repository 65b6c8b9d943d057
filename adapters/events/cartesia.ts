/**
 * Cartesia's TTS WebSocket. Times are seconds from the context's start, which is what one context synthesises; there is no
 * wall time. https://docs.cartesia.ai/api-reference/tts/tts
 */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { idAt, listAt, objectAt, textAt, typedMessage, valueAt, type Json } from './json.ts';
import { createMemory, event, known, type EventMapper } from './mapper.ts';
import { spanOf, textOf, wordsBesides } from './words.ts';

const MESSAGE = {
  expected: 'a message of Cartesia, with a type like chunk, timestamps or done',
  pattern: /^[a-z]+(_[a-z]+)*$/,
};

type Fields = Omit<ReportedEvent, 'type'>;

export function createCartesiaMapper(): EventMapper {
  const started = createMemory<true>();

  function firstAudio(json: Json, about: Fields): ReportedEvent[] {
    const key = about.segmentId ?? '';
    if (started.get(key) === true || !isAudio(valueAt(json, 'data'))) return [];
    started.set(key, true);
    return [event('tts_first_audio', about)];
  }

  return {
    map(message, context) {
      const { json, type } = typedMessage(message, MESSAGE);
      const segmentId = idAt(json, 'context_id');
      const streamId = segmentId || context.streamId || 'cartesia';
      const about: Fields = { role: context.role || 'agent', provider: 'cartesia', segmentId, streamId };
      switch (type) {
        case 'chunk':
          return firstAudio(json, about);
        case 'timestamps':
          return spoken(json, about);
        case 'done':
          return [event('tts_ended', about)];
        case 'error':
          return [event('error', { ...about, text: textAt(json, 'error', 'message'), attributes: statusOf(json) })];
        default:
          return [];
      }
    },
  };
}

const isAudio = (data: unknown): boolean => typeof data === 'string' && data !== '';

function spoken(json: Json, about: Fields): ReportedEvent[] {
  const lists = objectAt(json, 'word_timestamps');
  const words = wordsBesides(listAt(lists, 'words'), listAt(lists, 'start'), listAt(lists, 'end'), 1_000);
  if (words.length === 0) return [];
  return [event('tts_words', { ...about, ...spanOf(words), text: textOf(words), words })];
}

const statusOf = (json: Json): Readonly<Record<string, string>> =>
  known({ code: idAt(json, 'error_code', 'status_code') });
