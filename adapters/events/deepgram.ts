/**
 * Deepgram's streaming messages: /v1/listen (Results, SpeechStarted, UtteranceEnd) and Flux, /v2/listen (TurnInfo). Times are
 * seconds of the connection's own audio; there is no wall time.
 * https://developers.deepgram.com/reference/speech-to-text/listen-streaming
 */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { CHANNELS, type Channel } from '../../core/units/channel.ts';
import {
  countAt,
  idAt,
  listAt,
  objectAt,
  objectsAt,
  secondsAt,
  shareAt,
  textAt,
  typedMessage,
  type Json,
} from './json.ts';
import { at, event, known, type EventMapper, type MapperContext } from './mapper.ts';
import { meanConfidence, spanOf, wordsAt, type WordNames } from './words.ts';

const MESSAGE = {
  expected: 'a message of Deepgram, with a type like Results, SpeechStarted or TurnInfo',
  pattern: /^[A-Z][A-Za-z]+$/,
};
const WORDS: WordNames = { text: ['punctuated_word', 'word'], start: 'start', end: 'end', unitMs: 1_000 };

type Fields = Omit<ReportedEvent, 'type'>;

export function createDeepgramMapper(): EventMapper {
  /** Only some messages name their connection; the others belong to the one that was named last. */
  let requestId = '';

  return {
    map(message, context) {
      const { json, type } = typedMessage(message, MESSAGE);
      requestId = idAt(json, 'request_id') || idAt(objectAt(json, 'metadata'), 'request_id') || requestId;
      const streamId = context.streamId || requestId || 'deepgram';
      const about: Fields = { provider: 'deepgram', requestId, streamId };
      switch (type) {
        case 'Results':
          return results(json, { ...about, role: roleOf(listAt(json, 'channel_index'), context) });
        case 'SpeechStarted': {
          const role = roleOf(listAt(json, 'channel'), context);
          return [event('speech_started', { ...about, role, ...at(secondsAt(json, 'timestamp')) })];
        }
        case 'UtteranceEnd': {
          // last_word_end is -1 where it is not known.
          const role = roleOf(listAt(json, 'channel'), context);
          return [event('stt_utterance_end', { ...about, role, ...at(secondsAt(json, 'last_word_end')) })];
        }
        case 'TurnInfo':
          return turnInfo(json, { ...about, role: context.role || 'caller' });
        case 'Error':
          return [
            event('error', {
              ...about,
              text: textAt(json, 'description', 'message'),
              attributes: known({ code: idAt(json, 'code', 'variant') }),
            }),
          ];
        default:
          return [];
      }
    },
  };
}

/** With `multichannel` one connection hears both sides: the caller in the first channel, as in Earshot's own streams. */
function roleOf([index, count]: readonly unknown[], { role }: MapperContext): Channel | '' {
  if (typeof count === 'number' && count > 1) return typeof index === 'number' ? (CHANNELS.at(index) ?? '') : '';
  return role || 'caller';
}

/** `is_final`: this span will not be revised. `speech_final`: and a pause was found behind it. */
function results(json: Json, about: Fields): ReportedEvent[] {
  const best = objectsAt(objectAt(json, 'channel'), 'alternatives').at(0);
  const words = wordsAt(best, 'words', WORDS);
  const text = textAt(best, 'transcript');
  const [startMs, durationMs] = [secondsAt(json, 'start'), secondsAt(json, 'duration')];
  const endMs = startMs === undefined || durationMs === undefined ? undefined : startMs + durationMs;
  const heard = event(json.is_final === true ? 'stt_final' : 'stt_interim', {
    ...about,
    startMs,
    endMs,
    text,
    words,
    confidence: shareAt(best, 'confidence'),
    language: languageOf(best, 'languages') || idAt(objectsAt(best, 'words').at(0), 'language'),
    model: idAt(objectAt(objectAt(json, 'metadata'), 'model_info'), 'name'),
  });
  const ended = event('stt_utterance_end', { ...about, ...at(words.at(-1)?.endMs ?? endMs) });
  return [...(text === '' ? [] : [heard]), ...(json.speech_final === true ? [ended] : [])];
}

/** A decision's moment is how far the audio had been heard when it was made; its window starts where the turn does. */
function turnInfo(json: Json, about: Fields): ReportedEvent[] {
  const words = wordsAt(json, 'words', WORDS);
  const text = textAt(json, 'transcript');
  const turn: Fields = { ...about, turnIndex: countAt(json, 'turn_index') };
  const decision = { ...turn, ...at(secondsAt(json, 'audio_window_end')) };
  const metrics = known({ 'turn.end_confidence': shareAt(json, 'end_of_turn_confidence') });
  const [startMs, endMs] = [secondsAt(json, 'audio_window_start'), secondsAt(json, 'audio_window_end')];
  const heard = { ...turn, startMs, endMs, ...spanOf(words), text, words, language: languageOf(json, 'languages') };
  switch (textAt(json, 'event')) {
    case 'StartOfTurn':
      return [event('turn_started', { ...turn, ...at(startMs) })];
    case 'Update':
      return text === '' ? [] : [event('stt_interim', heard)];
    case 'EagerEndOfTurn':
      return [event('turn_eager_end', { ...decision, metrics })];
    case 'TurnResumed':
      return [event('turn_resumed', decision)];
    case 'EndOfTurn': {
      const final = event('stt_final', { ...heard, confidence: meanConfidence(words) });
      return [...(text === '' ? [] : [final]), event('turn_ended', { ...decision, metrics })];
    }
    default:
      return [];
  }
}

function languageOf(json: Json | undefined, field: string): string {
  const [first] = listAt(json, field);
  return typeof first === 'string' ? idAt({ language: first }, 'language') : '';
}
