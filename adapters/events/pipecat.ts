/**
 * Pipecat's RTVI messages, as its RTVIObserver makes them of the pipeline's frames. Few carry a time, so a sender should tell
 * when it saw them (envelope.ts). https://docs.pipecat.ai/client/rtvi-standard
 *
 * user-started-speaking and user-stopped-speaking are what the turn strategies decide, be it a turn model or plain voice
 * activity: here the decisions turn_started and turn_ended, and not when speech was heard to stop. What the voice activity
 * detector itself says comes as vad-user-started-speaking and vad-user-stopped-speaking, where they are switched on.
 */
import type { EventType, ReportedEvent } from '../../core/events/speechEvent.ts';
import { idAt, objectAt, refused, textAt, typedMessage, valueAt, wallMsAt, type Json } from './json.ts';
import { event, known, type EventMapper, type MapperContext } from './mapper.ts';
import { pipecatMetrics, type Firsts } from './pipecatMetrics.ts';
import { createToolTimes } from './toolTimes.ts';

const MESSAGE = {
  expected: 'an RTVI message of Pipecat: label rtvi-ai and a type like user-started-speaking',
  pattern: /^[a-z]+(-[a-z]+)*$/,
};
const LABEL = 'rtvi-ai';

type Fields = Omit<ReportedEvent, 'type'>;

export function createPipecatMapper(): EventMapper {
  /** What has been told of the answer that is being made, for a first may be told by a metric and by what it is of. */
  const firsts: Firsts = { token: false, audio: false };
  const toolTimes = createToolTimes();

  function first(which: keyof Firsts, type: EventType, about: Fields): ReportedEvent[] {
    if (firsts[which]) return [];
    firsts[which] = true;
    return [event(type, about)];
  }

  function toolCall(data: Json | undefined, phase: 'started' | 'ended', context: MapperContext): ReportedEvent {
    const callId = idAt(data, 'tool_call_id');
    const name = idAt(data, 'function_name');
    const answered = phase === 'ended' ? toolTimes.answered(callId, context) : null;
    if (phase === 'started') toolTimes.called(callId, name, context);
    return event('tool_call', {
      role: 'agent',
      itemId: callId,
      isCancelled: data?.cancelled === true ? true : undefined,
      metrics: known({ 'tool.duration': answered?.durationS }),
      attributes: known({ phase, name: name || answered?.name }),
    });
  }

  return {
    map(message, context) {
      const { json, type } = typedMessage(message, MESSAGE);
      const label = valueAt(json, 'label');
      if (label !== undefined && label !== LABEL) throw refused(`label ${LABEL}`, typeof label);
      const data = objectAt(json, 'data');
      if (type === 'bot-llm-started') firsts.token = false;
      if (type === 'bot-tts-started') firsts.audio = false;
      switch (type) {
        case 'bot-llm-text':
          return first('token', 'llm_first_token', {});
        case 'bot-tts-audio':
          return first('audio', 'tts_first_audio', { role: 'agent' });
        case 'metrics':
          return pipecatMetrics(data, firsts);
        case 'user-transcription':
          return transcribed(data);
        case 'bot-tts-text':
          // Sent when the transport's clock lets the words through, so an interrupted answer ends where its playback did.
          return textEvents('tts_words', data, { role: 'agent', attributes: { text_extent: 'played' } });
        case 'llm-function-call-in-progress':
          return [toolCall(data, 'started', context)];
        case 'llm-function-call-stopped':
          return [toolCall(data, 'ended', context)];
        case 'error':
          return [event('error', { text: textAt(data, 'error'), attributes: known({ fatal: saysFatal(data) }) })];
        default: {
          const plain = PLAIN.get(type);
          return plain === undefined ? [] : [event(...plain)];
        }
      }
    },
  };
}

/** Messages that say all by their type. */
const PLAIN = new Map<string, readonly [EventType, Fields]>([
  ['user-started-speaking', ['turn_started', { role: 'caller' }]],
  ['user-stopped-speaking', ['turn_ended', { role: 'caller' }]],
  ['vad-user-started-speaking', ['speech_started', { role: 'caller' }]],
  ['vad-user-stopped-speaking', ['speech_stopped', { role: 'caller' }]],
  ['bot-started-speaking', ['playback_started', { role: 'agent' }]],
  ['bot-stopped-speaking', ['playback_stopped', { role: 'agent' }]],
  ['bot-interrupted', ['interruption', { role: 'caller' }]],
  ['bot-llm-started', ['llm_requested', {}]],
  ['bot-llm-stopped', ['llm_ended', {}]],
  ['bot-tts-started', ['tts_requested', { role: 'agent' }]],
  ['bot-tts-stopped', ['tts_ended', { role: 'agent' }]],
]);

function transcribed(data: Json | undefined): ReportedEvent[] {
  const occurredAtMs = wallMsAt(data, 'timestamp');
  const attributes = known({ speaker: idAt(data, 'user_id') });
  return textEvents(data?.final === true ? 'stt_final' : 'stt_interim', data, {
    role: 'caller',
    occurredAtMs,
    attributes,
  });
}

function textEvents(type: EventType, data: Json | undefined, about: Fields): ReportedEvent[] {
  const text = textAt(data, 'text');
  return text === '' ? [] : [event(type, { ...about, text })];
}

const saysFatal = (data: Json | undefined): string | undefined =>
  typeof data?.fatal === 'boolean' ? String(data.fatal) : undefined;
