/** Vapi's report at the end of a call: how long each of its turns took, in milliseconds, by its own measure. */
import type { ReportedEvent } from '../../core/events/speechEvent.ts';
import { amountAt, boundedList, objectAt, objectsAt, type Json } from './json.ts';
import { event, known } from './mapper.ts';

type Fields = Omit<ReportedEvent, 'type'>;

const TURNS_MAX = 10_000;

/**
 * The turns' own times are not told, and their order is not the numbering that other messages use: so neither the report's
 * time nor a turn's index is claimed.
 */
export function vapiReport(json: Json, about: Fields): ReportedEvent[] {
  const performance = objectAt(objectAt(json, 'artifact'), 'performanceMetrics');
  const turns = boundedList(objectsAt(performance, 'turnLatencies'), 'turns', TURNS_MAX);
  return turns.flatMap((turn, index) => {
    const metrics = known({
      'turn.reported_latency': inSeconds(turn, 'turnLatency'),
      'llm.ttft': inSeconds(turn, 'modelLatency'),
      'tts.ttfb': inSeconds(turn, 'voiceLatency'),
      'stt.transcription_delay': inSeconds(turn, 'transcriberLatency'),
      'turn.eou_delay': inSeconds(turn, 'endpointingLatency'),
    });
    if (Object.keys(metrics).length === 0) return [];
    const attributes = { ...about.attributes, report: 'end-of-call' };
    return [
      event('metrics', { ...about, occurredAtMs: undefined, segmentId: `report-turn-${index}`, metrics, attributes }),
    ];
  });
}

function inSeconds(turn: Json, name: string): number | undefined {
  const ms = amountAt(turn, name);
  return ms === undefined ? undefined : ms / 1_000;
}
