/**
 * AssemblyAI's Universal-Streaming, v3. Times are milliseconds of the session's own audio; there is no wall time.
 * https://www.assemblyai.com/docs/speech-to-text/universal-streaming
 */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { countAt, idAt, listAt, msAt, shareAt, textAt, typedMessage, type Json } from './json.ts';
import { at, createMemory, event, known, type EventMapper } from './mapper.ts';
import { meanConfidence, spanOf, textOf, wordsAt, type WordNames } from './words.ts';

const MESSAGE = {
  expected: 'a message of AssemblyAI (v3), with a type like Begin, SpeechStarted or Turn',
  pattern: /^[A-Z][A-Za-z]+$/,
};
const WORDS: WordNames = { text: ['text'], start: 'start', end: 'end', unitMs: 1 };

type Fields = Omit<ReportedEvent, 'type'>;

export function createAssemblyaiMapper(): EventMapper {
  let sessionId = '';
  const endedTurns = createMemory<true>();

  /** With formatting on a turn's end comes twice, the second time only nicer to read. */
  function isFirstEnd(turnIndex: number | undefined): boolean {
    const key = `${sessionId} ${turnIndex}`;
    if (turnIndex !== undefined && endedTurns.get(key) === true) return false;
    endedTurns.set(key, true);
    return true;
  }

  return {
    map(message, context) {
      const { json, type } = typedMessage(message, MESSAGE);
      if (type === 'Begin') sessionId = idAt(json, 'id');
      const about: Fields = {
        role: context.role || 'caller',
        provider: 'assemblyai',
        requestId: sessionId,
        streamId: context.streamId || sessionId || 'assemblyai',
      };
      switch (type) {
        case 'SpeechStarted':
          return [event('speech_started', { ...about, ...at(msAt(json, 'timestamp')) })];
        case 'Turn': {
          const heard = turnOf(json, about);
          if (json.end_of_turn !== true) return heard.text === undefined ? [] : [heard];
          return isFirstEnd(heard.turnIndex ?? undefined) ? endOf(heard, json, about) : [];
        }
        case 'Error':
          return [event('error', { ...about, text: textAt(json, 'error', 'message') })];
        default:
          return [];
      }
    },
  };
}

/** `transcript` holds only what is certain; the words hold the rest too. */
function turnOf(json: Json, about: Fields): ReportedEvent {
  const words = wordsAt(json, 'words', WORDS);
  const isEnd = json.end_of_turn === true;
  const spoken = listAt(json, 'words').length > 0 && !isEnd ? textOf(words) : '';
  return event(isEnd ? 'stt_final' : 'stt_interim', {
    ...about,
    ...spanOf(words),
    text: spoken || textAt(json, 'transcript') || textAt(json, 'utterance'),
    words,
    confidence: meanConfidence(words),
    language: idAt(json, 'language_code'),
    turnIndex: countAt(json, 'turn_order'),
  });
}

/** The decision has no time of its own: words end before it is made. */
function endOf(heard: ReportedEvent, json: Json, about: Fields): ReportedEvent[] {
  const metrics = known({ 'turn.end_confidence': shareAt(json, 'end_of_turn_confidence') });
  const ended = event('turn_ended', { ...about, turnIndex: heard.turnIndex, metrics });
  return heard.text === undefined ? [ended] : [heard, ended];
}
