-- Positions are sample indices of the call's own 16 kHz timeline (16 samples = 1 ms). Rows are idempotent: an id is a hash of
-- what the row is about, so a retry, a replay or a recovery writes the same row again and ReplacingMergeTree keeps the newest
-- revision. No sorting key holds a column that a later revision may change; call_started_at never changes within a call.
-- Retention counts from stored_at, not from the call: an old recording that is analysed today stays as long as today's call.

CREATE TABLE IF NOT EXISTS earshot.calls
(
    tenant                         LowCardinality(String) CODEC(ZSTD(1)),
    call_id                        String CODEC(ZSTD(1)),
    call_started_at                DateTime64(3, 'UTC') COMMENT 'when the call was opened' CODEC(Delta(8), ZSTD(1)),
    part                           LowCardinality(String) COMMENT 'opened | summary | ended: up to three rows a call, united by v_calls',
    revision                       UInt32 CODEC(T64, ZSTD(1)),
    definition_version             UInt16 CODEC(ZSTD(1)),
    protocol                       LowCardinality(String) COMMENT 'earshot | twilio | file',
    encoding                       LowCardinality(String) COMMENT 'mulaw | alaw | pcm_s16le',
    rate_hz                        UInt32 COMMENT 'sampling rate of the source, Hz',
    tap                            LowCardinality(String) COMMENT 'where the agent audio was taken: generated | sent | heard',
    agent_version                  LowCardinality(String),
    trace_id                       String COMMENT 'of the call''s LLM spans, lower-case hex' CODEC(ZSTD(1)),
    labels                         Map(LowCardinality(String), String) COMMENT 'as the source gave them' CODEC(ZSTD(1)),
    provider_ids                   Map(LowCardinality(String), String) COMMENT 'the provider''s own names of the call' CODEC(ZSTD(1)),
    end_reason                     LowCardinality(Nullable(String)) COMMENT 'completed | client_vanished | superseded | invalid_input | failed | shutdown',
    error_code                     LowCardinality(Nullable(String)) COMMENT 'of the error that ended the call; empty: none',
    error_text                     Nullable(String) CODEC(ZSTD(1)),
    duration_samples               Nullable(Int64) COMMENT 'length of the timeline' CODEC(ZSTD(1)),
    sample0_at                     Nullable(DateTime64(3, 'UTC')) COMMENT 'wall time of sample 0, estimated from arrivals' CODEC(ZSTD(1)),
    caller_speech_samples          Nullable(Int64) CODEC(ZSTD(1)),
    agent_speech_samples           Nullable(Int64) CODEC(ZSTD(1)),
    talk_ratio                     Nullable(Float32) COMMENT 'agent / (agent + caller) speech, 0..1; NULL: nobody spoke' CODEC(ZSTD(1)),
    overlap_samples                Nullable(Int64) CODEC(ZSTD(1)),
    overlap_count                  Nullable(UInt32) CODEC(ZSTD(1)),
    turn_count                     Nullable(UInt32) CODEC(ZSTD(1)),
    interruptions_by_caller        Nullable(UInt32) COMMENT 'yielded + continued' CODEC(ZSTD(1)),
    yielded_count                  Nullable(UInt32) CODEC(ZSTD(1)),
    continued_count                Nullable(UInt32) CODEC(ZSTD(1)),
    interruptions_by_agent         Nullable(UInt32) CODEC(ZSTD(1)),
    backchannel_count              Nullable(UInt32) CODEC(ZSTD(1)),
    noise_burst_count              Nullable(UInt32) CODEC(ZSTD(1)),
    interruption_latency_samples_p50 Nullable(Int32) COMMENT 'NULL: no interruption yielded' CODEC(ZSTD(1)),
    interruption_latency_samples_max Nullable(Int32) COMMENT 'NULL: no interruption yielded' CODEC(ZSTD(1)),
    response_count                 Nullable(UInt32) CODEC(ZSTD(1)),
    response_latency_samples_p50   Nullable(Int32) COMMENT 'NULL: no response measured' CODEC(ZSTD(1)),
    response_latency_samples_p95   Nullable(Int32) COMMENT 'NULL: no response measured' CODEC(ZSTD(1)),
    response_latency_samples_max   Nullable(Int32) COMMENT 'NULL: no response measured' CODEC(ZSTD(1)),
    dead_air_samples               Nullable(Int64) CODEC(ZSTD(1)),
    dead_air_count                 Nullable(UInt32) CODEC(ZSTD(1)),
    gap_samples_caller             Nullable(Int64) COMMENT 'gap + analysed = duration, to the sample' CODEC(ZSTD(1)),
    gap_samples_agent              Nullable(Int64) COMMENT 'gap + analysed = duration, to the sample' CODEC(ZSTD(1)),
    analysed_samples_caller        Nullable(Int64) CODEC(ZSTD(1)),
    analysed_samples_agent         Nullable(Int64) CODEC(ZSTD(1)),
    clipping_count                 Nullable(UInt32) CODEC(ZSTD(1)),
    dropout_count                  Nullable(UInt32) CODEC(ZSTD(1)),
    echo_loss_db                   Nullable(Float32) COMMENT 'how far the agent''s echo lies under the agent, dB; NULL: no echo found' CODEC(ZSTD(1)),
    stored_at                      DateTime('UTC') DEFAULT now('UTC') CODEC(Delta(4), ZSTD(1)),
    INDEX idx_call_id call_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_provider_ids mapValues(provider_ids) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tenant, toDate(call_started_at), call_id, part)
TTL stored_at + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS earshot.facts
(
    tenant             LowCardinality(String) CODEC(ZSTD(1)),
    call_id            String CODEC(ZSTD(1)),
    call_started_at    DateTime64(3, 'UTC') COMMENT 'when the call was opened' CODEC(Delta(8), ZSTD(1)),
    kind               LowCardinality(String) COMMENT 'call_started | speech | turn | overlap | interruption | response | dead_air | gap | noise_burst | echo | clipping | dropout | summary | call_ended',
    id                 FixedString(32) COMMENT 'hash(tenant, call, channel, start, kind, definition version), hex' CODEC(ZSTD(1)),
    status             LowCardinality(String) COMMENT 'provisional | final',
    revision           UInt32 COMMENT 'a higher one replaces a lower one of the same id' CODEC(T64, ZSTD(1)),
    definition_version UInt16 CODEC(ZSTD(1)),
    ts                 DateTime64(3, 'UTC') COMMENT 'wall time of start_sample, as estimated when told' CODEC(Delta(8), ZSTD(1)),
    channel            LowCardinality(String) COMMENT 'caller | agent: the side it is about, that began it, or that owes the floor; empty: the call',
    start_sample       Int64 COMMENT 'samples of the 16 kHz timeline' CODEC(Delta(8), ZSTD(1)),
    end_sample         Nullable(Int64) COMMENT 'one past the last sample; NULL: it goes on, or is a moment' CODEC(ZSTD(1)),
    outcome            LowCardinality(String) COMMENT 'interruptions: pending | yielded | continued | backchannel | turn_end | noise | inconclusive',
    reason             LowCardinality(String) COMMENT 'gaps: loss | late | restart | shed; ended calls: the end reason',
    error_code         LowCardinality(String) COMMENT 'ended calls: code of the error that ended it; empty: none',
    error_text         String COMMENT 'ended calls: that error in words' CODEC(ZSTD(1)),
    tap                LowCardinality(String) COMMENT 'where the agent audio of a latency was taken: generated | sent | heard',
    latency_samples    Nullable(Int32) COMMENT 'interruptions: onset to silence; responses: caller''s end to agent''s start' CODEC(ZSTD(1)),
    latency_unknown    LowCardinality(String) COMMENT 'why latency_samples is NULL: not_yielded | pending | call_ended',
    level_dbfs         Nullable(Float32) COMMENT 'speech and noise bursts: mean level, dBFS' CODEC(ZSTD(1)),
    probability_mean   Nullable(Float32) COMMENT 'speech: mean speech probability, 0..1' CODEC(ZSTD(1)),
    turn_index         Nullable(UInt32) COMMENT 'turns: counted from 0' CODEC(ZSTD(1)),
    speech_samples     Nullable(Int64) COMMENT 'turns: samples of speech in it' CODEC(ZSTD(1)),
    loss_db            Nullable(Float32) COMMENT 'echo: how far it lies under the agent, dB' CODEC(ZSTD(1)),
    delay_samples      Nullable(Int32) COMMENT 'echo: how much later it comes' CODEC(ZSTD(1)),
    clipped_share      Nullable(Float32) COMMENT 'clipping: share of clipped samples, 0..1' CODEC(ZSTD(1)),
    silent_samples     Nullable(Int64) COMMENT 'dropouts: samples of digital silence' CODEC(ZSTD(1)),
    holes              Nullable(UInt32) COMMENT 'dropouts: number of holes' CODEC(ZSTD(1)),
    stored_at          DateTime('UTC') DEFAULT now('UTC') CODEC(Delta(4), ZSTD(1)),
    INDEX idx_call_id call_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tenant, kind, toDate(call_started_at), call_id, id)
TTL stored_at + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- One row a second and channel, its 10 ms signals in arrays of small integers: a third of the bytes of floats, a
-- hundredth of the rows. v_frames unfolds them.
CREATE TABLE IF NOT EXISTS earshot.frames
(
    tenant             LowCardinality(String) CODEC(ZSTD(1)),
    call_id            String CODEC(ZSTD(1)),
    call_started_at    DateTime64(3, 'UTC') COMMENT 'when the call was opened' CODEC(Delta(8), ZSTD(1)),
    channel            LowCardinality(String) COMMENT 'caller | agent',
    id                 FixedString(32) CODEC(ZSTD(1)),
    definition_version UInt16 CODEC(ZSTD(1)),
    ts                 DateTime64(3, 'UTC') COMMENT 'wall time of start_sample, as estimated when told' CODEC(Delta(8), ZSTD(1)),
    start_sample       Int64 COMMENT 'frame i of the row (from 0) starts 160 * i samples later' CODEC(Delta(8), ZSTD(1)),
    level_cdb          Array(Int16) COMMENT 'level, dBFS x 100' CODEC(Delta(2), ZSTD(1)),
    speech_255         Array(UInt8) COMMENT 'speech probability x 255' CODEC(ZSTD(1)),
    flags              Array(UInt8) COMMENT 'bits: 1 speech, 2 clipped, 4 gap, 8 digital silence, 16 echo' CODEC(ZSTD(1)),
    stored_at          DateTime('UTC') DEFAULT now('UTC') CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(call_started_at)
ORDER BY (tenant, call_id, channel, start_sample)
TTL stored_at + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- How far each call's log has been worked off, with the call's whole state: what a restart goes on from.
CREATE TABLE IF NOT EXISTS earshot.call_states
(
    tenant        LowCardinality(String) CODEC(ZSTD(1)),
    call_id       String CODEC(ZSTD(1)),
    seq           Int64 COMMENT 'everything of the call''s log up to this message is in the state and its rows are durable',
    state_version UInt32,
    ended         Bool,
    state         String COMMENT 'base64; empty once the call has ended' CODEC(ZSTD(1)),
    stored_at     DateTime('UTC') DEFAULT now('UTC')
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (tenant, call_id)
TTL stored_at + INTERVAL 7 DAY
SETTINGS non_replicated_deduplication_window = 10000;
