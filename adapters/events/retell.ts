/**
 * Retell's webhooks: {"event": "call_ended", "call": {...}}. Both sides are transcribed; words have seconds from the start of
 * the call's audio as Retell has it. https://docs.retellai.com/features/webhook
 */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { amountAt, boundedList, idAt, listAt, objectAt, objectsAt, textAt, typedMessage } from './json.ts';
import { wallMsAt, type Json } from './json.ts';
import { createMemory, event, known, type EventMapper, type MapperContext } from './mapper.ts';
import { spanOf, wordsAt, type WordNames } from './words.ts';

const MESSAGE = {
  expected: 'a webhook of Retell: an event like call_ended, and the call',
  pattern: /^[a-z]+(_[a-z]+)+$/,
  field: 'event',
};
const WORDS: WordNames = { text: ['word'], start: 'start', end: 'end', unitMs: 1_000 };
const TURNS_MAX = 10_000;

type Fields = Omit<ReportedEvent, 'type'>;

export function createRetellMapper(): EventMapper {
  /** A transcript comes whole each time: how many of its utterances have been told as final. */
  const toldCounts = createMemory<number>();

  function transcriptOf(json: Json, call: Json, about: Fields, extent: 'whole' | 'growing'): ReportedEvent[] {
    const callId = idAt(call, 'call_id');
    const utterances = utterancesOf(json, call);
    const told = toldCounts.get(callId) ?? 0;
    const finalCount = extent === 'whole' ? utterances.length : Math.max(0, utterances.length - 1);
    toldCounts.set(callId, Math.max(told, finalCount));
    return utterances.flatMap((utterance, index) => {
      if (index < told) return [];
      return spoken(utterance, { ...about, itemId: `utterance-${index}` }, index < finalCount ? 'final' : 'interim');
    });
  }

  return {
    map(message, context) {
      const { json, type } = typedMessage(message, MESSAGE);
      const call = objectAt(json, 'call') ?? {};
      const about = aboutOf(call, context);
      switch (type) {
        case 'call_started':
          return [state(call, about, 'start_timestamp', 'started')];
        case 'transcript_updated':
          return transcriptOf(json, call, about, 'growing');
        case 'call_ended':
          return [
            state(call, about, 'end_timestamp', 'ended'),
            ...transcriptOf(json, call, about, 'whole'),
            ...latencies(call, about),
          ];
        default:
          return [];
      }
    },
  };
}

function aboutOf(call: Json, context: MapperContext): Fields {
  const callId = idAt(call, 'call_id');
  const providerCallId = idAt(objectAt(call, 'telephony_identifier'), 'twilio_call_sid');
  return {
    callKey: context.callKey === '' ? callId || undefined : undefined,
    streamId: context.streamId || 'retell',
    attributes: known({ retell_call_id: callId, provider_call_id: providerCallId, agent_id: idAt(call, 'agent_id') }),
  };
}

function state(call: Json, about: Fields, timeField: string, word: string): ReportedEvent {
  const attributes = { ...about.attributes, ...known({ state: word, reason: idAt(call, 'disconnection_reason') }) };
  return event('state', { ...about, occurredAtMs: wallMsAt(call, timeField), attributes });
}

/** Tool calls stand between the utterances of one of the lists; only utterances are counted. */
function utterancesOf(json: Json, call: Json): readonly Json[] {
  const lists = [
    objectsAt(call, 'transcript_object'),
    objectsAt(call, 'transcript_with_tool_calls'),
    objectsAt(json, 'transcript_with_tool_calls'),
  ];
  const list = boundedList(lists.find((candidate) => candidate.length > 0) ?? [], 'utterances', TURNS_MAX);
  return list.filter((utterance) => ['user', 'agent'].includes(idAt(utterance, 'role')));
}

function spoken(utterance: Json, about: Fields, state: 'final' | 'interim'): ReportedEvent[] {
  const words = wordsAt(utterance, 'words', WORDS);
  const text = textAt(utterance, 'content');
  const said: Fields = { ...about, ...spanOf(words), text, words };
  if (text === '') return [];
  const role = idAt(utterance, 'role') === 'user' ? 'caller' : 'agent';
  return [event(state === 'final' ? 'stt_final' : 'stt_interim', { ...said, role })];
}

/**
 * How long each turn took, without saying when it was: under the canonical name it would be taken for the turn in which the
 * webhook came. The other latencies are percentiles of other things.
 */
function latencies(call: Json, about: Fields): ReportedEvent[] {
  const values = listAt(objectAt(objectAt(call, 'latency'), 'e2e'), 'values');
  return boundedList(values, 'latencies', TURNS_MAX).flatMap((value, index) => {
    const ms = amountAt({ value }, 'value');
    if (ms === undefined) return [];
    return [
      event('metrics', {
        ...about,
        itemId: `latency-${index}`,
        metrics: { 'report.turn.reported_latency': ms / 1_000 },
      }),
    ];
  });
}
