/** The columns of `calls`: who the call is, in every row of it; how it ended and what it came to, in the rows that say so. */
const WHO_COLUMNS = {
  tenant: 'LowCardinality(String)',
  call_id: 'String',
  call_started_at: "DateTime64(3, 'UTC')",
  part: 'LowCardinality(String)',
  revision: 'UInt32',
  definition_version: 'UInt16',
  protocol: 'LowCardinality(String)',
  encoding: 'LowCardinality(String)',
  rate_hz: 'UInt32',
  tap: 'LowCardinality(String)',
  agent_version: 'LowCardinality(String)',
  trace_id: 'String',
  labels: 'Map(LowCardinality(String), String)',
  provider_ids: 'Map(LowCardinality(String), String)',
} as const;

/** NULL but in the row of part `ended`. */
export const ENDING_COLUMNS = {
  end_reason: 'LowCardinality(Nullable(String))',
  error_code: 'LowCardinality(Nullable(String))',
  error_text: 'Nullable(String)',
  duration_samples: 'Nullable(Int64)',
  sample0_at: "Nullable(DateTime64(3, 'UTC'))",
} as const;

/** NULL but in the row of part `summary`. */
export const FIGURE_COLUMNS = {
  caller_speech_samples: 'Nullable(Int64)',
  agent_speech_samples: 'Nullable(Int64)',
  talk_ratio: 'Nullable(Float32)',
  overlap_samples: 'Nullable(Int64)',
  overlap_count: 'Nullable(UInt32)',
  turn_count: 'Nullable(UInt32)',
  interruptions_by_caller: 'Nullable(UInt32)',
  yielded_count: 'Nullable(UInt32)',
  continued_count: 'Nullable(UInt32)',
  interruptions_by_agent: 'Nullable(UInt32)',
  backchannel_count: 'Nullable(UInt32)',
  noise_burst_count: 'Nullable(UInt32)',
  interruption_latency_samples_p50: 'Nullable(Int32)',
  interruption_latency_samples_max: 'Nullable(Int32)',
  response_count: 'Nullable(UInt32)',
  response_latency_samples_p50: 'Nullable(Int32)',
  response_latency_samples_p95: 'Nullable(Int32)',
  response_latency_samples_max: 'Nullable(Int32)',
  dead_air_samples: 'Nullable(Int64)',
  dead_air_count: 'Nullable(UInt32)',
  gap_samples_caller: 'Nullable(Int64)',
  gap_samples_agent: 'Nullable(Int64)',
  analysed_samples_caller: 'Nullable(Int64)',
  analysed_samples_agent: 'Nullable(Int64)',
  clipping_count: 'Nullable(UInt32)',
  dropout_count: 'Nullable(UInt32)',
  echo_loss_db: 'Nullable(Float32)',
  gibberish_count: 'Nullable(UInt32)',
  loop_count: 'Nullable(UInt32)',
  tone_change_count: 'Nullable(UInt32)',
  intelligibility_caller: 'Nullable(Float32)',
  intelligibility_agent: 'Nullable(Float32)',
  overall_mos_caller: 'Nullable(Float32)',
  overall_mos_agent: 'Nullable(Float32)',
  f0_hz_caller: 'Nullable(Float32)',
  f0_hz_agent: 'Nullable(Float32)',
} as const;

export const CALL_COLUMNS = { ...WHO_COLUMNS, ...ENDING_COLUMNS, ...FIGURE_COLUMNS } as const;
