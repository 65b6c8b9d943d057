/**
 * Vapi's server messages, as they come to a webhook ({"message": {...}}) or to a client (bare). `timestamp` is Unix ms on Vapi's
 * clock. https://docs.vapi.ai/server-url/events
 */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import type { Channel } from '../../core/units/channel.ts';
import { bounded, boundedList, countAt, idAt, LIMITS, listAt, objectAt, objectOf } from './json.ts';
import { objectsAt, textAt, typedMessage, wallMsAt, type Json } from './json.ts';
import { createMemory, event, known, type EventMapper, type MapperContext } from './mapper.ts';
import { vapiReport } from './vapiReport.ts';
import { spanOf, wordsBesides } from './words.ts';

const MESSAGE = {
  expected: 'a server message of Vapi: {"message": {...}} with a type like speech-update',
  pattern: /^[a-z]+([-.][a-zA-Z]+)*(\[.*\])?$/,
};

type Fields = Omit<ReportedEvent, 'type'>;

/** As much of a turn's text as has been told; only its length and end are kept. */
interface Spoken {
  readonly turnIndex: number | undefined;
  readonly length: number;
  readonly tail: string;
  readonly pieceCount: number;
}

const TAIL_LENGTH = 64;

export function createVapiMapper(): EventMapper {
  /** By call: a webhook's messages are of many. */
  const spokenSoFar = createMemory<Spoken>();
  const answered = createMemory<true>();
  /** Two kinds of message tell that the assistant begins to speak. */
  const playing = createMemory<boolean>();

  function playback(status: 'started' | 'stopped', about: Fields, callId: string): ReportedEvent[] {
    const wasPlaying = playing.get(callId) === true;
    playing.set(callId, status === 'started');
    return status === 'started' && wasPlaying ? [] : [event(`playback_${status}`, { ...about, role: 'agent' })];
  }

  function speechUpdate(json: Json, about: Fields, callId: string): ReportedEvent[] {
    const role = roleOf(json);
    const status = idAt(json, 'status');
    if (role === undefined || (status !== 'started' && status !== 'stopped')) return [];
    return role === 'agent' ? playback(status, about, callId) : [event(`speech_${status}`, { ...about, role })];
  }

  function modelOutput(about: Fields, callId: string): ReportedEvent[] {
    const key = `${callId} ${about.turnId}`;
    if (about.turnId === '' || answered.get(key) === true) return [];
    answered.set(key, true);
    return [event('llm_first_token', about)];
  }

  /** Vapi sends the whole text of the turn each time. */
  function speechOf(json: Json, about: Fields, callId: string): ReportedEvent[] {
    const turnIndex = about.turnIndex ?? undefined;
    const last = spokenSoFar.get(callId);
    const before = last?.turnIndex === turnIndex ? last : undefined;
    const text = textAt(json, 'text');
    const pieceCount = before?.pieceCount ?? 0;
    spokenSoFar.set(callId, {
      turnIndex,
      length: text.length,
      tail: text.slice(-TAIL_LENGTH),
      pieceCount: pieceCount + 1,
    });
    const segmentId = `turn-${turnIndex ?? 'unknown'}-${pieceCount}`;
    const piece: Fields = {
      ...about,
      role: 'agent',
      segmentId,
      attributes: { ...about.attributes, ...sourceOf(json) },
    };
    const started = before === undefined ? playback('started', piece, callId) : [];
    const goesOn = before !== undefined && text.slice(0, before.length).endsWith(before.tail);
    const since = goesOn ? text.slice(before.length) : text;
    return [...started, ...wordsOfPiece(json, since.trim(), { ...piece, streamId: segmentId })];
  }

  return {
    map(message, context) {
      const outer = objectOf(message, MESSAGE.expected);
      const { json, type } = typedMessage(objectAt(outer, 'message') ?? outer, MESSAGE);
      const about = aboutOf(json, context);
      const callId = idAt(objectAt(json, 'call'), 'id') || context.callKey;
      switch (type.replace(/\[.*/, '')) {
        case 'speech-update':
          return speechUpdate(json, about, callId);
        case 'transcript':
          return transcript(json, about);
        case 'user-interrupted':
          return [event('interruption', { ...about, role: 'caller' })];
        case 'assistant.speechStarted':
          return speechOf(json, about, callId);
        case 'model-output':
          return modelOutput(about, callId);
        case 'tool-calls':
          return toolCalls(json, about);
        case 'status-update':
          return [event('state', { ...about, attributes: { ...about.attributes, ...statusOf(json) } })];
        case 'end-of-call-report':
          return vapiReport(json, about);
        default:
          return [];
      }
    },
  };
}

/** A webhook's URL is the same for all calls, so the message names the call, unless the sender has. */
function aboutOf(json: Json, context: MapperContext): Fields {
  const call = objectAt(json, 'call');
  return {
    callKey: context.callKey === '' ? idAt(call, 'id') || undefined : undefined,
    occurredAtMs: wallMsAt(json, 'timestamp'),
    turnId: idAt(json, 'turnId'),
    turnIndex: countAt(json, 'turn'),
    attributes: known({ vapi_call_id: idAt(call, 'id'), provider_call_id: idAt(call, 'phoneCallProviderId') }),
  };
}

const ROLES = new Map<string, Channel>([
  ['user', 'caller'],
  ['assistant', 'agent'],
  ['bot', 'agent'],
]);
const roleOf = (json: Json): Channel | undefined => ROLES.get(idAt(json, 'role'));

/** Both sides are transcribed. */
function transcript(json: Json, about: Fields): ReportedEvent[] {
  const role = roleOf(json);
  const text = textAt(json, 'transcript');
  if (role === undefined || text === '') return [];
  const type = idAt(json, 'transcriptType') === 'final' ? 'stt_final' : 'stt_interim';
  return [event(type, { ...about, role, text, language: idAt(json, 'detectedLanguage', 'language') })];
}

/**
 * With word-alignment (ElevenLabs' voices) `words` are this piece's, spaces among them, and their times count from its start.
 * With word-progress and with no timing there is only text.
 */
function wordsOfPiece(json: Json, text: string, piece: Fields): ReportedEvent[] {
  const timing = objectAt(json, 'timing');
  if (idAt(timing, 'type') !== 'word-alignment') return text === '' ? [] : [event('tts_words', { ...piece, text })];
  const texts = listAt(timing, 'words');
  const words = wordsBesides(texts, listAt(timing, 'wordsStartTimesMs'), listAt(timing, 'wordsEndTimesMs'), 1);
  const joined = texts.some((part) => part === ' ') ? texts.join('') : texts.join(' ');
  const said = bounded(joined.trim(), 'words', LIMITS.textLength);
  return said === '' ? [] : [event('tts_words', { ...piece, ...spanOf(words), text: said, words })];
}

function toolCalls(json: Json, about: Fields): ReportedEvent[] {
  const calls = boundedList(objectsAt(json, 'toolCallList', 'toolCalls'), 'tool calls', LIMITS.entries);
  return calls.map((call) => {
    const attributes = {
      ...about.attributes,
      ...known({ name: idAt(objectAt(call, 'function'), 'name') || idAt(call, 'name') }),
    };
    return event('tool_call', { ...about, role: 'agent', itemId: idAt(call, 'id'), attributes });
  });
}

const sourceOf = (json: Json): Readonly<Record<string, string>> => known({ text_source: idAt(json, 'source') });

const statusOf = (json: Json): Readonly<Record<string, string>> =>
  known({ state: idAt(json, 'status'), reason: idAt(json, 'endedReason') });
