/** The rows of `calls`: one when the call opens, one with its summary, one when it has ended; v_calls unites them. */
import { DEFINITION_VERSION, type FactOf } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { ENDING_COLUMNS, FIGURE_COLUMNS } from './callColumns.ts';
import type { RowOf } from './tables.ts';
import { utc } from './utc.ts';

type Row = RowOf<'calls'>;

export function callRow(fact: FactOf<'call_started' | 'summary' | 'call_ended'>, call: OpenCall): Row {
  const row = { ...identity(call), revision: fact.revision };
  switch (fact.kind) {
    case 'call_started':
      return { ...row, ...NO_ENDING, ...NO_FIGURES, part: 'opened' };
    case 'summary':
      return { ...row, ...NO_ENDING, ...figures(fact), part: 'summary' };
    case 'call_ended':
      return { ...row, ...ending(fact), ...NO_FIGURES, part: 'ended' };
  }
}

const identity = (call: OpenCall) => ({
  tenant: call.tenant,
  call_id: call.callId,
  call_started_at: utc(call.startedAtMs),
  definition_version: DEFINITION_VERSION,
  protocol: call.protocol,
  encoding: call.encoding,
  rate_hz: call.rateHz,
  tap: call.tap,
  agent_version: call.agentVersion,
  trace_id: call.traceId,
  labels: call.labels,
  provider_ids: call.providerIds,
});

const ending = (ended: FactOf<'call_ended'>) => ({
  end_reason: ended.reason,
  error_code: ended.errorCode,
  error_text: ended.errorText,
  duration_samples: ended.startSample,
  sample0_at: utc(ended.wallTimeOfSample0Ms),
});

const figures = (summary: FactOf<'summary'>) => ({
  caller_speech_samples: summary.callerSpeechSamples,
  agent_speech_samples: summary.agentSpeechSamples,
  talk_ratio: summary.talkRatio,
  overlap_samples: summary.overlapSamples,
  overlap_count: summary.overlapCount,
  turn_count: summary.turnCount,
  interruptions_by_caller: summary.interruptionsByCaller,
  yielded_count: summary.yieldedCount,
  continued_count: summary.continuedCount,
  interruptions_by_agent: summary.interruptionsByAgent,
  backchannel_count: summary.backchannelCount,
  noise_burst_count: summary.noiseBurstCount,
  interruption_latency_samples_p50: summary.interruptionLatencySamplesP50,
  interruption_latency_samples_max: summary.interruptionLatencySamplesMax,
  response_count: summary.responseCount,
  response_latency_samples_p50: summary.responseLatencySamplesP50,
  response_latency_samples_p95: summary.responseLatencySamplesP95,
  response_latency_samples_max: summary.responseLatencySamplesMax,
  dead_air_samples: summary.deadAirSamples,
  dead_air_count: summary.deadAirCount,
  gap_samples_caller: summary.gapSamplesCaller,
  gap_samples_agent: summary.gapSamplesAgent,
  analysed_samples_caller: summary.analysedSamplesCaller,
  analysed_samples_agent: summary.analysedSamplesAgent,
  clipping_count: summary.clippingCount,
  dropout_count: summary.dropoutCount,
  echo_loss_db: summary.echoLossDb,
  gibberish_count: summary.gibberishCount,
  loop_count: summary.loopCount,
  tone_change_count: summary.toneChangeCount,
  intelligibility_caller: summary.intelligibilityCaller,
  intelligibility_agent: summary.intelligibilityAgent,
  overall_mos_caller: summary.overallMosCaller,
  overall_mos_agent: summary.overallMosAgent,
  f0_hz_caller: summary.f0HzCaller,
  f0_hz_agent: summary.f0HzAgent,
});

const nulls = <Column extends string>(columns: Readonly<Record<Column, unknown>>): Record<Column, null> =>
  Object.fromEntries(Object.keys(columns).map((column) => [column, null])) as Record<Column, null>;

const NO_ENDING = nulls(ENDING_COLUMNS);
const NO_FIGURES = nulls(FIGURE_COLUMNS);
