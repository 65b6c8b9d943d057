/** What the store knows of a call, as joining takes it. */
import type { CallInputs } from '../../adapters/clickhouse/joinReader.ts';
import type { FactRow } from '../../adapters/clickhouse/joinRows.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { InterruptionOutcome } from '../../core/facts/facts.ts';
import type { Anchor, JoinInput } from '../../core/join/joinInput.ts';
import type { Request } from '../../core/spans/request.ts';
import type { Channel } from '../../core/units/channel.ts';
import { asSampleIndex } from '../../core/units/time.ts';

export interface Reports {
  readonly events: readonly SpeechEvent[];
  readonly requests: readonly Request[];
}

export function joinInputOf({ call, facts, scores }: CallInputs, { events, requests }: Reports): JoinInput {
  const ends = facts.map(({ start_sample, end_sample }) => end_sample ?? start_sample);
  return {
    tenant: call.tenant,
    callId: call.callId,
    state: facts.some(({ kind }) => kind === 'call_ended') ? 'ended' : 'live',
    anchors: anchorsOf(facts, call.startedAtMs),
    endSample: asSampleIndex(ends.reduce((latest, end) => Math.max(latest, end), 0)),
    speech: facts.flatMap(({ kind, channel, start_sample, end_sample }) =>
      kind === 'speech' && end_sample !== null
        ? [
            {
              channel: channel as Channel,
              startSample: asSampleIndex(start_sample),
              endSample: asSampleIndex(end_sample),
            },
          ]
        : [],
    ),
    turns: facts.flatMap((fact) =>
      fact.kind === 'turn'
        ? [
            {
              channel: fact.channel as Channel,
              turnIndex: fact.turn_index ?? 0,
              startSample: asSampleIndex(fact.start_sample),
              endSample: fact.status === 'final' ? sampleOrNull(fact.end_sample) : null,
            },
          ]
        : [],
    ),
    responses: facts.flatMap(({ kind, status, start_sample, end_sample }) =>
      kind === 'response' && status === 'final' && end_sample !== null
        ? [{ startSample: asSampleIndex(start_sample), endSample: asSampleIndex(end_sample) }]
        : [],
    ),
    interruptions: facts.flatMap((fact) =>
      fact.kind === 'interruption' && fact.status === 'final'
        ? [
            {
              by: fact.channel as Channel,
              outcome: fact.outcome as InterruptionOutcome,
              onsetSample: asSampleIndex(fact.start_sample),
              stopSample: fact.outcome === 'yielded' ? sampleOrNull(fact.end_sample) : null,
            },
          ]
        : [],
    ),
    events,
    requests,
    scores,
  };
}

/**
 * Every fact was told with the wall time of its start, by the estimate of that moment. The opening's own is a guess from before
 * any audio came, and counts only while there is nothing else.
 */
function anchorsOf(facts: readonly FactRow[], startedAtMs: number): Anchor[] {
  const anchors = facts
    .filter(({ kind }) => kind !== 'call_started')
    .map(({ start_sample, ts_ms }) => ({ sample: asSampleIndex(start_sample), wallMs: ts_ms }))
    .sort((a, b) => a.sample - b.sample || a.wallMs - b.wallMs);
  return anchors.length > 0 ? anchors : [{ sample: asSampleIndex(0), wallMs: startedAtMs }];
}

const sampleOrNull = (sample: number | null) => (sample === null ? null : asSampleIndex(sample));
