/** What the reads of the API give: columns as in docs/sql.md. Times in milliseconds count from the call's first sample. */
import type { FactColumns } from '../../core/alerts/toldFact.ts';
import type { EndReason, FactStatus } from '../../core/facts/facts.ts';
import type { Encoding, Protocol, Tap } from '../../core/facts/openCall.ts';
import type { Channel } from '../../core/units/channel.ts';

/** A call with its summary; figures are null until the summary is there, and where nothing was observed. */
export interface CallRecord {
  readonly tenant: string;
  readonly call_id: string;
  /** UTC, as `2026-01-31 23:59:59.999`. */
  readonly call_started_at: string;
  readonly state: 'live' | 'ended';
  readonly protocol: Protocol;
  readonly encoding: Encoding;
  readonly rate_hz: number;
  readonly tap: Tap;
  readonly agent_version: string;
  readonly trace_id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly provider_ids: Readonly<Record<string, string>>;
  readonly end_reason: EndReason | null;
  readonly error_code: string | null;
  readonly error_text: string | null;
  readonly sample0_at: string | null;
  readonly duration_ms: number | null;
  readonly caller_speech_ms: number | null;
  readonly agent_speech_ms: number | null;
  readonly talk_ratio: number | null;
  readonly overlap_ms: number | null;
  readonly overlaps: number | null;
  readonly turns: number | null;
  readonly interruptions_by_caller: number | null;
  readonly yielded: number | null;
  readonly continued: number | null;
  readonly interruptions_by_agent: number | null;
  readonly backchannels: number | null;
  readonly noise_bursts: number | null;
  readonly interruption_latency_ms_p50: number | null;
  readonly interruption_latency_ms_max: number | null;
  readonly responses: number | null;
  readonly response_latency_ms_p50: number | null;
  readonly response_latency_ms_p95: number | null;
  readonly response_latency_ms_max: number | null;
  readonly dead_air_ms: number | null;
  readonly dead_airs: number | null;
  readonly gap_ms_caller: number | null;
  readonly gap_ms_agent: number | null;
  readonly analysed_ms_caller: number | null;
  readonly analysed_ms_agent: number | null;
  readonly clippings: number | null;
  readonly dropouts: number | null;
  readonly echo_loss_db: number | null;
  readonly gibberishes: number | null;
  readonly loops: number | null;
  readonly tone_changes: number | null;
  readonly intelligibility_caller: number | null;
  readonly intelligibility_agent: number | null;
  readonly overall_mos_caller: number | null;
  readonly overall_mos_agent: number | null;
  readonly f0_hz_caller: number | null;
  readonly f0_hz_agent: number | null;
  readonly definition_version: number;
}

/** A fact in its newest revision; fields that its kind does not have are null or empty. */
export interface FactRecord extends FactColumns {
  readonly definition_version: number;
  readonly channel: Channel | '';
  readonly ts: string;
  readonly error_text: string;
  readonly tap: Tap | '';
}

/** Something of a call, wherever it is known from. */
export interface TimelineRecord {
  readonly origin: 'audio' | 'event' | 'span' | 'score';
  readonly kind: string;
  readonly channel: Channel | '';
  /** Null: its clock could not be aligned. */
  readonly media_ms: number | null;
  readonly end_ms: number | null;
  readonly ts: string;
  readonly outcome: string;
  readonly reason: string;
  readonly latency_ms: number | null;
  readonly source: string;
  readonly text: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly status: FactStatus;
  readonly id: string;
}

/** A second of one channel's 10 ms signals. */
export interface FramesRecord {
  readonly channel: Channel;
  readonly start_ms: number;
  /** dBFS x 100. */
  readonly level_cdb: readonly number[];
  /** Speech probability x 255. */
  readonly speech_255: readonly number[];
  /** Hz x 10; 0: not voiced or not measured. */
  readonly f0_dhz: readonly number[];
  /** Confidence that the frame is voiced x 255. */
  readonly voicing_255: readonly number[];
  /** Bits: 1 speech, 2 clipped, 4 gap, 8 digital silence, 16 echo, 32 pitch was measured. */
  readonly flags: readonly number[];
}
