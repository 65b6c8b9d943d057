/** What the API takes and gives, as TypeBox schemas: validation, serialising, types and the OpenAPI page come from these. */
import { Type } from 'typebox';
import { FACT_KINDS } from '../../core/facts/facts.ts';

export const ErrorBody = Type.Object({
  code: Type.String(),
  message: Type.String(),
  expected: Type.Optional(Type.String()),
  got: Type.Optional(Type.String()),
});

const Figure = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });

export const CallBody = Type.Object({
  call_id: Type.String(),
  call_started_at: Type.String({ description: 'UTC' }),
  state: Type.String({ description: 'live or ended' }),
  protocol: Type.String(),
  encoding: Type.String(),
  rate_hz: Type.Number(),
  tap: Type.String({ description: 'where the agent audio was taken: generated, sent or heard' }),
  agent_version: Type.String(),
  trace_id: Type.String(),
  labels: Type.Record(Type.String(), Type.String()),
  provider_ids: Type.Record(Type.String(), Type.String()),
  end_reason: Type.Union([Type.String(), Type.Null()]),
  error_code: Type.Union([Type.String(), Type.Null()]),
  error_text: Type.Union([Type.String(), Type.Null()]),
  sample0_at: Type.Union([Type.String(), Type.Null()], { description: 'wall time of the first sample, UTC' }),
  duration_ms: Figure('length of the audio'),
  caller_speech_ms: Figure('speech of the caller'),
  agent_speech_ms: Figure('speech of the agent'),
  talk_ratio: Figure('agent / (agent + caller) speech'),
  overlap_ms: Figure('both speak'),
  overlaps: Figure('count'),
  turns: Figure('count'),
  interruptions_by_caller: Figure('barge-ins, yielded or continued'),
  yielded: Figure('barge-ins after which the agent fell silent within 2 s'),
  continued: Figure('barge-ins that the agent spoke on through'),
  interruptions_by_agent: Figure('count'),
  backchannels: Figure('count'),
  noise_bursts: Figure('count'),
  interruption_latency_ms_p50: Figure('onset to silence, yielded ones'),
  interruption_latency_ms_max: Figure('onset to silence, yielded ones'),
  responses: Figure('ordinary exchanges measured'),
  response_latency_ms_p50: Figure("caller's end to agent's onset"),
  response_latency_ms_p95: Figure("caller's end to agent's onset"),
  response_latency_ms_max: Figure("caller's end to agent's onset"),
  dead_air_ms: Figure('both silent for 3 s or more'),
  dead_airs: Figure('count'),
  gap_ms_caller: Figure('audio of the caller that is missing'),
  gap_ms_agent: Figure('audio of the agent that is missing'),
  analysed_ms_caller: Figure('audio of the caller that was analysed'),
  analysed_ms_agent: Figure('audio of the agent that was analysed'),
  clippings: Figure('count'),
  dropouts: Figure('count'),
  echo_loss_db: Figure("how far the agent's echo lies under the agent; null: no echo found"),
  gibberishes: Figure('count'),
  loops: Figure('count'),
  tone_changes: Figure('count'),
  intelligibility_caller: Figure('mean, 0 to 1'),
  intelligibility_agent: Figure('mean, 0 to 1'),
  overall_mos_caller: Figure('mean of P.835 OVRL, 1 to 5'),
  overall_mos_agent: Figure('mean of P.835 OVRL, 1 to 5'),
  f0_hz_caller: Figure('geometric mean over voiced speech'),
  f0_hz_agent: Figure('geometric mean over voiced speech'),
});

export const CallsQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
    cursor: Type.Optional(Type.String({ maxLength: 1_000, description: '`next` of the page before' })),
    before: Type.Optional(Type.String({ description: 'ISO time; calls that started earlier' })),
    after: Type.Optional(Type.String({ description: 'ISO time; calls that started then or later' })),
    agentVersion: Type.Optional(Type.String({ maxLength: 200 })),
    state: Type.Optional(Type.Union([Type.Literal('live'), Type.Literal('ended')])),
  },
  { additionalProperties: false },
);

export const CallsBody = Type.Object({
  calls: Type.Array(CallBody),
  /** Pass as `cursor` for the next page; null on the last. */
  next: Type.Union([Type.String(), Type.Null()]),
});

export const CallParams = Type.Object({ callId: Type.String({ minLength: 1, maxLength: 200 }) });

export const FactsQuery = Type.Object(
  {
    kind: Type.Optional(Type.String({ description: `one or several, separated by commas: ${FACT_KINDS.join(', ')}` })),
    fromMs: Type.Optional(Type.Number({ minimum: 0 })),
    toMs: Type.Optional(Type.Number({ minimum: 0 })),
    status: Type.Optional(Type.Union([Type.Literal('provisional'), Type.Literal('final')])),
    limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000 }),
  },
  { additionalProperties: false },
);

export const FactBody = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  status: Type.String(),
  revision: Type.Number(),
  definition_version: Type.Number(),
  channel: Type.String(),
  ts: Type.String({ description: 'UTC, wall time of the start' }),
  start_ms: Type.Number({ description: "milliseconds from the call's first sample" }),
  end_ms: Figure('null while it goes on'),
  outcome: Type.String({ description: 'interruptions, tone changes' }),
  reason: Type.String({ description: 'gaps, what was not measured, prosody without pitch, ended calls' }),
  error_code: Type.String({ description: 'ended calls; empty: no error' }),
  error_text: Type.String({ description: 'ended calls' }),
  tap: Type.String({ description: 'of a latency: generated, sent or heard' }),
  latency_ms: Figure('interruptions and responses'),
  latency_unknown: Type.String({ description: 'why latency_ms is null' }),
  level_dbfs: Figure('speech and noise bursts'),
  probability_mean: Figure('speech'),
  turn_index: Figure('turns, from 0'),
  speech_ms: Figure('turns: speech in it'),
  loss_db: Figure('echo: how far it lies under the agent'),
  delay_ms: Figure('echo: how much later it comes'),
  clipped_share: Figure('clipping: share of clipped samples'),
  silent_ms: Figure('dropouts: digital silence'),
  holes: Figure('dropouts: count'),
  model: Type.String({ description: 'scores of added models; of what was not measured, the models' }),
  measures: Type.Record(Type.String(), Type.Number(), {
    description:
      'prosody, tone changes, quality, gibberish, loops, scores of added models, breakdowns, texts: by name and unit',
  }),
  details: Type.Record(Type.String(), Type.String(), {
    description: 'breakdowns: why a part is not known, providers, models, who told',
  }),
});

export const TimelineQuery = Type.Object(
  {
    origin: Type.Optional(
      Type.String({ description: 'one or several, separated by commas: audio, event, span, score' }),
    ),
    fromMs: Type.Optional(Type.Number()),
    toMs: Type.Optional(Type.Number()),
    limit: Type.Integer({ minimum: 1, maximum: 50_000, default: 5_000 }),
  },
  { additionalProperties: false },
);

export const TimelineBody = Type.Object({
  entries: Type.Array(
    Type.Object({
      origin: Type.String({ description: 'audio, event, span or score' }),
      kind: Type.String(),
      channel: Type.String(),
      media_ms: Figure('null: its clock could not be aligned'),
      end_ms: Figure('null while it goes on, and of moments'),
      ts: Type.String({ description: 'UTC' }),
      outcome: Type.String(),
      reason: Type.String(),
      latency_ms: Figure('interruptions, responses; of spans their length'),
      source: Type.String({ description: 'who reports; empty: Earshot' }),
      text: Type.String({ description: "under the tenant's text policy" }),
      trace_id: Type.String(),
      span_id: Type.String(),
      status: Type.String(),
      id: Type.String(),
    }),
  ),
});

export const FactsBody = Type.Object({ facts: Type.Array(FactBody) });

export const FramesQuery = Type.Object(
  { fromMs: Type.Number({ minimum: 0, default: 0 }), toMs: Type.Number({ minimum: 0, default: 60_000 }) },
  { additionalProperties: false },
);

export const FramesBody = Type.Object({
  frameMs: Type.Number(),
  rows: Type.Array(
    Type.Object({
      channel: Type.String(),
      start_ms: Type.Number(),
      level_cdb: Type.Array(Type.Number(), { description: 'dBFS x 100' }),
      speech_255: Type.Array(Type.Number(), { description: 'speech probability x 255' }),
      f0_dhz: Type.Array(Type.Number(), { description: 'Hz x 10; 0: not voiced or not measured' }),
      voicing_255: Type.Array(Type.Number(), { description: 'confidence that the frame is voiced x 255' }),
      flags: Type.Array(Type.Number(), {
        description: 'bits: 1 speech, 2 clipped, 4 gap, 8 silent, 16 echo, 32 pitch was measured',
      }),
    }),
  ),
});

export const HealthBody = Type.Object({ status: Type.String() });
export const ReadyBody = Type.Object({ status: Type.String(), checks: Type.Record(Type.String(), Type.String()) });
