/** Facts to rows. Every fact becomes one row of `facts` or `frames`; a call's start also says who the call is, in `calls`. */
import { DEFINITION_VERSION, type CallSummary, type Fact } from '../facts/facts.ts';
import { sideOf } from '../facts/factId.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { SAMPLES_PER_MS } from '../units/time.ts';
import type { TableRow } from './tables.ts';

/** What is special to a kind: the columns of `facts` that are not common to all. */
type OwnColumns = Extract<TableRow, { table: 'facts' }>['row'];

export function factRows(fact: Fact, call: OpenCall): TableRow[] {
  if (fact.kind === 'frames') return [{ table: 'frames', row: framesRow(fact, call) }];
  if (fact.kind === 'call_started') {
    return [
      { table: 'calls', row: callRow(call) },
      { table: 'facts', row: { ...commonColumns(fact, call), tap: call.tap } },
    ];
  }
  return [{ table: 'facts', row: { ...commonColumns(fact, call), ...ownColumns(fact) } }];
}

function ownColumns(fact: Exclude<Fact, { kind: 'frames' | 'call_started' }>): OwnColumns {
  switch (fact.kind) {
    case 'call_ended':
      return { outcome: fact.reason, reason: fact.errorCode, text: fact.errorText, amount: fact.wallTimeOfSample0Ms };
    case 'speech':
      return { level_dbfs: fact.levelDbfs, probability: fact.probabilityMean };
    case 'turn':
      return { ordinal: fact.turnIndex, amount: fact.speechSamples };
    case 'overlap':
    case 'dead_air':
      return {};
    case 'interruption':
      return {
        outcome: fact.outcome,
        latency_samples: fact.latencySamples,
        reason: fact.latencyUnknown,
        tap: fact.tap,
      };
    case 'response':
      return { latency_samples: fact.latencySamples, tap: fact.tap };
    case 'gap':
      return { reason: fact.reason };
    case 'noise_burst':
      return { level_dbfs: fact.levelDbfs };
    case 'echo':
      return { loss_db: fact.lossDb, latency_samples: fact.delaySamples };
    case 'clipping':
      return { amount: fact.clippedShare };
    case 'dropout':
      return { amount: fact.silentSamples, ordinal: fact.holes };
    case 'summary':
      return { metrics: summaryMetrics(fact) };
  }
}

const commonColumns = (fact: Fact, call: OpenCall) => ({
  tenant: fact.tenant,
  call_id: fact.callId,
  call_started_at: isoTime(call.startedAtMs),
  kind: fact.kind,
  id: fact.id,
  status: fact.status,
  revision: fact.revision,
  definition_version: DEFINITION_VERSION,
  ts: isoTime(fact.startWallMs),
  channel: sideOf(fact),
  start_sample: fact.startSample,
  end_sample: 'endSample' in fact ? fact.endSample : null,
});

const callRow = (call: OpenCall) => ({
  tenant: call.tenant,
  call_id: call.callId,
  call_started_at: isoTime(call.startedAtMs),
  protocol: call.protocol,
  encoding: call.encoding,
  rate_hz: call.rateHz,
  tap: call.tap,
  agent_version: call.agentVersion,
  trace_id: call.traceId,
  labels: call.labels,
  provider_ids: call.providerIds,
});

const framesRow = (fact: Extract<Fact, { kind: 'frames' }>, call: OpenCall) => ({
  tenant: fact.tenant,
  call_id: fact.callId,
  call_started_at: isoTime(call.startedAtMs),
  channel: fact.channel,
  id: fact.id,
  ts: isoTime(fact.startWallMs),
  start_sample: fact.startSample,
  level_cdb: Array.from(fact.levelCdb),
  speech_255: Array.from(fact.speech255),
  flags: Array.from(fact.flags),
});

/** The names under which v_calls shows a call's figures. */
export function summaryMetrics(summary: CallSummary): Record<string, number | null> {
  return {
    caller_speech_ms: ms(summary.callerSpeechSamples),
    agent_speech_ms: ms(summary.agentSpeechSamples),
    talk_ratio: summary.talkRatio,
    overlap_ms: ms(summary.overlapSamples),
    overlaps: summary.overlapCount,
    turns: summary.turnCount,
    interruptions_by_caller: summary.interruptionsByCaller,
    yielded: summary.yieldedCount,
    continued: summary.continuedCount,
    interruptions_by_agent: summary.interruptionsByAgent,
    backchannels: summary.backchannelCount,
    noise_bursts: summary.noiseBurstCount,
    interruption_latency_ms_p50: ms(summary.interruptionLatencySamplesP50),
    interruption_latency_ms_max: ms(summary.interruptionLatencySamplesMax),
    responses: summary.responseCount,
    response_latency_ms_p50: ms(summary.responseLatencySamplesP50),
    response_latency_ms_p95: ms(summary.responseLatencySamplesP95),
    response_latency_ms_max: ms(summary.responseLatencySamplesMax),
    dead_air_ms: ms(summary.deadAirSamples),
    dead_airs: summary.deadAirCount,
    gap_ms_caller: ms(summary.gapSamplesCaller),
    gap_ms_agent: ms(summary.gapSamplesAgent),
    clippings: summary.clippingCount,
    dropouts: summary.dropoutCount,
    echo_loss_db: summary.echoLossDb,
  };
}

function ms(samples: number): number;
function ms(samples: number | null): number | null;
function ms(samples: number | null): number | null {
  return samples === null ? null : samples / SAMPLES_PER_MS;
}

/** ClickHouse reads DateTime64(3, 'UTC') from this form with any date_time_input_format. */
const isoTime = (unixMs: number): string => new Date(unixMs).toISOString().replace('T', ' ').replace('Z', '');
