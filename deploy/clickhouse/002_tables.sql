-- Positions are sample indices of the call's 16 kHz timeline (16 samples = 1 ms). Rows are idempotent: the id is a hash of
-- what the row is about, so a retry, a replay or a recovery writes the same row again and ReplacingMergeTree keeps the
-- newest revision. No sorting key holds a column that a later revision may change.

CREATE TABLE IF NOT EXISTS earshot.calls
(
    tenant          LowCardinality(String) CODEC(ZSTD(1)),
    call_id         String CODEC(ZSTD(1)),
    call_started_at DateTime64(3, 'UTC') COMMENT 'when the call was opened; never changes' CODEC(Delta(8), ZSTD(1)),
    protocol        LowCardinality(String) COMMENT 'earshot | twilio | file',
    encoding        LowCardinality(String),
    rate_hz         UInt32,
    tap             LowCardinality(String) COMMENT 'where the agent audio was taken: generated | sent | heard',
    agent_version   LowCardinality(String),
    trace_id        String CODEC(ZSTD(1)),
    labels          Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    provider_ids    Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    INDEX idx_call_id call_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tenant, toDate(call_started_at), call_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS earshot.facts
(
    tenant             LowCardinality(String) CODEC(ZSTD(1)),
    call_id            String CODEC(ZSTD(1)),
    call_started_at    DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    kind               LowCardinality(String),
    id                 FixedString(32) COMMENT 'hash(tenant, call, channel, start, kind, definition version)' CODEC(ZSTD(1)),
    status             LowCardinality(String) COMMENT 'provisional | final',
    revision           UInt32 CODEC(T64, ZSTD(1)),
    definition_version UInt16 CODEC(ZSTD(1)),
    ts                 DateTime64(3, 'UTC') COMMENT 'wall time of start_sample, as estimated when told' CODEC(Delta(8), ZSTD(1)),
    channel            LowCardinality(String) COMMENT 'caller | agent: the side it is about, or that began it',
    start_sample       Int64 CODEC(Delta(8), ZSTD(1)),
    end_sample         Nullable(Int64) COMMENT 'NULL while it goes on' CODEC(ZSTD(1)),
    outcome            LowCardinality(String) COMMENT 'interruptions: yielded | continued | backchannel | turn_end | ...; calls: reason of the end',
    reason             LowCardinality(String) COMMENT 'gaps: loss | late | restart | shed; latencies: why unknown; ended calls: error code',
    text               String COMMENT 'ended calls: the error in words' CODEC(ZSTD(1)),
    tap                LowCardinality(String),
    latency_samples    Nullable(Int64) CODEC(ZSTD(1)),
    level_dbfs         Nullable(Float32) CODEC(ZSTD(1)),
    probability        Nullable(Float32) CODEC(ZSTD(1)),
    loss_db            Nullable(Float32) CODEC(ZSTD(1)),
    amount             Nullable(Float64) COMMENT 'turns: speech samples; clipping: share; dropouts: silent samples; ended calls: wall time of sample 0 in Unix ms' CODEC(ZSTD(1)),
    ordinal            Nullable(UInt32) COMMENT 'turns: index from 0; dropouts: number of holes' CODEC(ZSTD(1)),
    metrics            Map(LowCardinality(String), Nullable(Float64)) COMMENT 'summary: one entry a figure, NULL where nothing was observed' CODEC(ZSTD(1)),
    INDEX idx_call_id call_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tenant, kind, toDate(call_started_at), call_id, id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS earshot.frames
(
    tenant          LowCardinality(String) CODEC(ZSTD(1)),
    call_id         String CODEC(ZSTD(1)),
    call_started_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    channel         LowCardinality(String),
    id              FixedString(32) CODEC(ZSTD(1)),
    ts              DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    start_sample    Int64 COMMENT 'frame i of the row starts 160 * i samples later' CODEC(Delta(8), ZSTD(1)),
    level_cdb       Array(Int16) COMMENT 'level in dBFS x 100, one a 10 ms frame' CODEC(Delta(2), ZSTD(1)),
    speech_255      Array(UInt8) COMMENT 'speech probability x 255' CODEC(ZSTD(1)),
    flags           Array(UInt8) COMMENT 'bits: 1 speech, 2 clipped, 4 gap, 8 silent line, 16 echo' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(call_started_at)
ORDER BY (tenant, call_id, channel, start_sample)
TTL toDateTime(call_started_at) + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS earshot.call_states
(
    tenant        LowCardinality(String) CODEC(ZSTD(1)),
    call_id       String CODEC(ZSTD(1)),
    seq           Int64 COMMENT 'everything of the call''s log up to this message is in the state and its rows are durable',
    state_version UInt32,
    ended         Bool,
    state         String COMMENT 'base64; empty once the call has ended' CODEC(ZSTD(1)),
    saved_at      DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (tenant, call_id)
TTL toDateTime(saved_at) + INTERVAL 7 DAY
SETTINGS non_replicated_deduplication_window = 10000;
