/**
 * Vapi's report at the end of a call: how long each of its turns took, in milliseconds, by its own measure. The report does not
 * say when the turns were; its messages do, if there are as many answers in them as turns were measured.
 */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { amountAt, boundedList, idAt, objectAt, objectsAt, wallMsAt, type Json } from './json.ts';
import { event, known } from './mapper.ts';

type Fields = Omit<ReportedEvent, 'type'>;

const TURNS_MAX = 10_000;

export function vapiReport(json: Json, about: Fields): ReportedEvent[] {
  const artifact = objectAt(json, 'artifact');
  const turns = boundedList(objectsAt(objectAt(artifact, 'performanceMetrics'), 'turnLatencies'), 'turns', TURNS_MAX);
  const answeredAtMs = answersOf(boundedList(objectsAt(artifact, 'messages'), 'messages', TURNS_MAX));
  return turns.flatMap((turn, index) => {
    const occurredAtMs = answeredAtMs.length === turns.length ? answeredAtMs[index] : undefined;
    const metrics = occurredAtMs === undefined ? unplaced(turn) : placed(turn);
    if (Object.keys(metrics).length === 0) return [];
    const attributes = { ...about.attributes, report: 'end-of-call' };
    return [event('metrics', { ...about, occurredAtMs, segmentId: `report-turn-${index}`, metrics, attributes })];
  });
}

/** When the assistant began each answer to the user. */
function answersOf(messages: readonly Json[]): readonly (number | undefined)[] {
  const spoken = messages.filter((message) => ['user', 'bot', 'assistant'].includes(idAt(message, 'role')));
  return spoken.flatMap((message, index) =>
    idAt(message, 'role') !== 'user' && index > 0 && idAt(spoken[index - 1], 'role') === 'user'
      ? [wallMsAt(message, 'time')]
      : [],
  );
}

const placed = (turn: Json): Readonly<Record<string, number>> =>
  known({
    'turn.reported_latency': inSeconds(turn, 'turnLatency'),
    'llm.ttft': inSeconds(turn, 'modelLatency'),
    'tts.ttfb': inSeconds(turn, 'voiceLatency'),
    'stt.transcription_delay': inSeconds(turn, 'transcriberLatency'),
    'turn.eou_delay': inSeconds(turn, 'endpointingLatency'),
  });

/** Under the canonical names they would be taken for the turn in which the report came. */
const unplaced = (turn: Json): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(placed(turn)).map(([name, value]) => [`report.${name}`, value]));

function inSeconds(turn: Json, name: string): number | undefined {
  const ms = amountAt(turn, name);
  return ms === undefined ? undefined : ms / 1_000;
}
