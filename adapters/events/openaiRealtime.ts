/**
 * OpenAI's Realtime API: server events of a session, by their present names and those of the beta. Input times are milliseconds
 * of the audio written to the session; there is no wall time. Audio deltas come faster than they are played.
 * https://platform.openai.com/docs/api-reference/realtime-server-events
 */
import type { EventType, ReportedEvent } from '../../core/events/speechEvent.ts';
import { amountAt, idAt, LIMITS, listAt, msAt, objectAt, objectsAt, textAt, typedMessage, type Json } from './json.ts';
import { at, createMemory, event, known, type EventMapper, type MapperContext } from './mapper.ts';
import { createToolTimes, type ToolTimes } from './toolTimes.ts';

const MESSAGE = {
  expected: 'a server event of OpenAI Realtime, with a type like response.done',
  pattern: /^(error|[a-z0-9_]+(\.[a-z0-9_]+)+)$/,
};

type Fields = Omit<ReportedEvent, 'type'>;

/** What the session said of itself, and what has come before: which responses have begun to sound, what has been heard. */
interface Session {
  id: string;
  model: string;
  voice: string;
  readonly told: ReturnType<typeof createMemory<true>>;
  readonly toolTimes: ToolTimes;
  /** The part of the caller's speech that is being transcribed, as far as it has come. */
  interim: { readonly key: string; readonly text: string };
}

export function createOpenaiRealtimeMapper(): EventMapper {
  const session: Session = {
    id: '',
    model: '',
    voice: '',
    told: createMemory(),
    toolTimes: createToolTimes(),
    interim: { key: '', text: '' },
  };
  return {
    map(message, context) {
      const { json, type } = typedMessage(message, MESSAGE);
      if (type === 'session.created' || type === 'session.updated') learn(session, objectAt(json, 'session'));
      const streamId = context.streamId || session.id || 'openai-realtime';
      const events = eventsOf(type, json, session, { ...context, streamId });
      // One message may give several events: its id and their types name them.
      const eventId = idAt(json, 'event_id');
      return events.map((told) =>
        eventId === '' ? told : { ...told, id: `${told.type}:${eventId}`.slice(0, LIMITS.idLength) },
      );
    },
  };
}

function learn(session: Session, said: Json | undefined): void {
  session.id = idAt(said, 'id') || session.id;
  session.model = idAt(said, 'model') || session.model;
  const output = objectAt(objectAt(said, 'audio'), 'output') ?? said;
  session.voice = idAt(output, 'voice') || session.voice;
}

type StreamContext = MapperContext & { readonly streamId: string };

function eventsOf(type: string, json: Json, session: Session, context: StreamContext): ReportedEvent[] {
  const { streamId } = context;
  const itemId = idAt(json, 'item_id');
  const requestId = idAt(json, 'response_id') || idAt(objectAt(json, 'response'), 'id');
  const caller: Fields = { role: 'caller', provider: 'openai', streamId, itemId };
  const agent: Fields = { role: 'agent', provider: 'openai', requestId, itemId, streamId: itemId || streamId };
  const model: Fields = { ...agent, model: session.model, voice: session.voice };
  const first = (eventType: EventType): ReportedEvent[] => firstOf(session, eventType, requestId, model);
  switch (type.replace('response.audio', 'response.output_audio').replace('response.text', 'response.output_text')) {
    // Their times include the padding before and the silence behind that the session's detection is set to.
    case 'input_audio_buffer.speech_started':
      return [event('speech_started', { ...caller, ...at(msAt(json, 'audio_start_ms')) })];
    case 'input_audio_buffer.speech_stopped':
      return [event('speech_stopped', { ...caller, ...at(msAt(json, 'audio_end_ms')) })];
    // What was heard becomes a turn to be answered.
    case 'input_audio_buffer.committed':
      return [event('turn_ended', caller)];
    case 'conversation.item.input_audio_transcription.delta':
      return interim(session, json, caller);
    case 'conversation.item.input_audio_transcription.completed':
      return [event('stt_final', { ...caller, text: textAt(json, 'transcript') })];
    case 'response.created':
      return [event('llm_requested', model)];
    case 'response.output_text.delta':
    case 'response.output_audio_transcript.delta':
    case 'response.function_call_arguments.delta':
      return first('llm_first_token');
    case 'response.output_audio.delta':
      return [...first('llm_first_token'), ...first('tts_first_audio')];
    case 'response.output_audio_transcript.done':
      return [event('tts_words', { ...model, text: textAt(json, 'transcript') })];
    case 'response.output_audio.done':
      return [event('tts_ended', model)];
    case 'response.function_call_arguments.done':
      return [toolCalled(session, json, agent, context)];
    case 'conversation.item.created':
    case 'conversation.item.added':
      return toolAnswered(session, objectAt(json, 'item'), context);
    case 'response.done':
      return done(objectAt(json, 'response'), model);
    case 'conversation.item.truncated':
      return [event('playback_truncated', { ...agent, endMs: msAt(json, 'audio_end_ms') })];
    case 'output_audio_buffer.started':
      return [event('playback_started', agent)];
    case 'output_audio_buffer.stopped':
      return [event('playback_stopped', agent)];
    case 'output_audio_buffer.cleared':
      return [event('playback_truncated', agent)];
    case 'error':
    case 'conversation.item.input_audio_transcription.failed':
      return [failure(objectAt(json, 'error'), { provider: 'openai', streamId, itemId })];
    default:
      return [];
  }
}

function firstOf(session: Session, type: EventType, requestId: string, about: Fields): ReportedEvent[] {
  const key = `${type} ${requestId}`;
  if (session.told.get(key) === true) return [];
  session.told.set(key, true);
  return [event(type, about)];
}

function toolCalled(session: Session, json: Json, about: Fields, context: MapperContext): ReportedEvent {
  const [callId, name] = [idAt(json, 'call_id'), idAt(json, 'name')];
  session.toolTimes.called(callId, name, context);
  return event('tool_call', { ...about, attributes: known({ phase: 'started', name, call_id: callId }) });
}

/** The application's answer is a new item of the conversation. */
function toolAnswered(session: Session, item: Json | undefined, context: StreamContext): ReportedEvent[] {
  if (idAt(item, 'type') !== 'function_call_output') return [];
  const callId = idAt(item, 'call_id');
  const answered = session.toolTimes.answered(callId, context);
  if (answered === null) return [];
  return [
    event('tool_call', {
      role: 'agent',
      provider: 'openai',
      streamId: context.streamId,
      itemId: idAt(item, 'id'),
      metrics: { 'tool.duration': answered.durationS },
      attributes: known({ phase: 'ended', name: answered.name, call_id: callId }),
    }),
  ];
}

/** Deltas are pieces; an interim transcript is all of it so far. */
function interim(session: Session, json: Json, about: Fields): ReportedEvent[] {
  const key = `${about.itemId ?? ''} ${idAt(json, 'content_index')}`;
  const before = session.interim.key === key ? session.interim.text : '';
  const delta = textAt(json, 'delta');
  const text = before.length + delta.length > LIMITS.textLength ? before : before + delta;
  session.interim = { key, text };
  return delta === '' ? [] : [event('stt_interim', { ...about, text })];
}

/** A response that the caller's speech broke off says so; that is the service's decision that it was an interruption. */
function done(response: Json | undefined, about: Fields): ReportedEvent[] {
  const status = idAt(response, 'status');
  const details = objectAt(response, 'status_details');
  const reason = idAt(details, 'reason');
  const usage = objectAt(response, 'usage');
  const ended = event('llm_ended', {
    ...about,
    isCancelled: status === 'cancelled' ? true : undefined,
    metrics: known({
      'llm.input_tokens': amountAt(usage, 'input_tokens'),
      'llm.output_tokens': amountAt(usage, 'output_tokens'),
      'llm.cached_tokens': amountAt(objectAt(usage, 'input_token_details'), 'cached_tokens'),
    }),
    attributes: known({ status, reason, items: itemsOf(response) }),
  });
  const interruption = event('interruption', { ...about, role: 'caller' });
  return [
    ended,
    ...(status === 'cancelled' && reason === 'turn_detected' ? [interruption] : []),
    ...(status === 'failed' ? [failure(objectAt(details, 'error'), about)] : []),
  ];
}

/** The kinds of items a response was made of: message, function_call. */
const itemsOf = (response: Json | undefined): string | undefined =>
  listAt(response, 'output').length > LIMITS.entries
    ? undefined
    : [...new Set(objectsAt(response, 'output').map((item) => idAt(item, 'type')))].join(',');

const failure = (error: Json | undefined, about: Fields): ReportedEvent =>
  event('error', {
    ...about,
    text: textAt(error, 'message'),
    attributes: known({ code: idAt(error, 'code', 'type') }),
  });
