/** The row of `facts`: every fact but `frames` has one. */
import { sideOf } from '../facts/factId.ts';
import { DEFINITION_VERSION, type Fact } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { joinedColumns } from './joinedColumns.ts';
import { measuresOf } from './measures.ts';
import type { RowOf } from './tables.ts';
import { utc } from './utc.ts';

type Row = RowOf<'facts'>;
export type RowFact = Exclude<Fact, { kind: 'frames' }>;

export function factRow(fact: RowFact, call: Pick<OpenCall, 'startedAtMs'>): Row {
  return {
    tenant: fact.tenant,
    call_id: fact.callId,
    call_started_at: utc(call.startedAtMs),
    kind: fact.kind,
    id: fact.id,
    status: fact.status,
    revision: fact.revision,
    definition_version: DEFINITION_VERSION,
    ts: utc(fact.startWallMs),
    channel: sideOf(fact),
    start_sample: fact.startSample,
    end_sample: 'endSample' in fact ? fact.endSample : null,
    ...NOTHING_SPECIAL,
    ...special(fact),
  };
}

function special(fact: RowFact): Partial<Row> {
  switch (fact.kind) {
    case 'call_started':
      return { tap: fact.call.tap };
    case 'call_ended':
      return { reason: fact.reason, error_code: fact.errorCode, error_text: fact.errorText };
    case 'speech':
      return { level_dbfs: fact.levelDbfs, probability_mean: fact.probabilityMean };
    case 'turn':
      return { turn_index: fact.turnIndex, speech_samples: fact.speechSamples };
    case 'interruption':
      return {
        outcome: fact.outcome,
        latency_samples: fact.latencySamples,
        latency_unknown: fact.latencyUnknown,
        tap: fact.tap,
      };
    case 'response':
      return { latency_samples: fact.latencySamples, tap: fact.tap };
    case 'gap':
      return { reason: fact.reason };
    case 'noise_burst':
      return { level_dbfs: fact.levelDbfs };
    case 'echo':
      return { loss_db: fact.lossDb, delay_samples: fact.delaySamples };
    case 'clipping':
      return { clipped_share: fact.clippedShare };
    case 'dropout':
      return { silent_samples: fact.silentSamples, holes: fact.holes };
    case 'prosody':
      return {
        level_dbfs: fact.levelDbfs,
        speech_samples: fact.speechSamples,
        reason: fact.unknown,
        measures: measuresOf(fact),
      };
    case 'quality':
      return { speech_samples: fact.speechSamples, measures: measuresOf(fact) };
    case 'tone_change':
      return { outcome: fact.direction, measures: measuresOf(fact) };
    case 'gibberish':
    case 'loop':
      return { measures: measuresOf(fact) };
    case 'unmeasured':
      return { reason: fact.reason, model: fact.models.join(',') };
    case 'model_score':
      return { model: fact.model, measures: fact.scores };
    case 'clock_offset':
    case 'response_breakdown':
    case 'interruption_breakdown':
    case 'agent_text':
      return joinedColumns(fact);
    case 'overlap':
    case 'dead_air':
    case 'summary':
      return {};
  }
}

const NOTHING_SPECIAL = {
  outcome: '',
  reason: '',
  error_code: '',
  error_text: '',
  tap: '',
  latency_samples: null,
  latency_unknown: '',
  level_dbfs: null,
  probability_mean: null,
  turn_index: null,
  speech_samples: null,
  loss_db: null,
  delay_samples: null,
  clipped_share: null,
  silent_samples: null,
  holes: null,
  model: '',
  measures: {},
  details: {},
} satisfies Partial<Row>;
