-- What others report about a call, beside what was heard.
ALTER TABLE earshot.facts
    ADD COLUMN IF NOT EXISTS details Map(LowCardinality(String), String) COMMENT 'words by name: why a part is not known, providers, models, who told' CODEC(ZSTD(1)) AFTER measures,
    COMMENT COLUMN kind 'call_started | speech | turn | overlap | interruption | response | dead_air | gap | noise_burst | echo | clipping | dropout | prosody | tone_change | quality | gibberish | loop | unmeasured | model_score | clock_offset | response_breakdown | interruption_breakdown | agent_text | summary | call_ended';

-- Events as they came, under whatever name of the call their sender knows. Of an event that is sent twice the first stands.
CREATE TABLE IF NOT EXISTS earshot.reported_events
(
    tenant           LowCardinality(String) CODEC(ZSTD(1)),
    call_key         String COMMENT 'the call''s id or one of the provider''s names of it' CODEC(ZSTD(1)),
    id               String CODEC(ZSTD(1)),
    version          Int64 COMMENT 'minus the microsecond it came, so that the first of two stands' CODEC(ZSTD(1)),
    type             LowCardinality(String),
    role             LowCardinality(String) COMMENT 'caller | agent | empty',
    source           LowCardinality(String) COMMENT 'who reports',
    clock            LowCardinality(String) COMMENT 'whose clock occurred_at is on',
    occurred_at      Nullable(DateTime64(6, 'UTC')) COMMENT 'on that clock, uncorrected' CODEC(ZSTD(1)),
    received_at      DateTime64(6, 'UTC') COMMENT 'on Earshot''s clock' CODEC(Delta(8), ZSTD(1)),
    stream_id        String COMMENT 'the audio that start_ms counts in; empty: the call''s own' CODEC(ZSTD(1)),
    start_ms         Nullable(Float64) CODEC(ZSTD(1)),
    end_ms           Nullable(Float64) CODEC(ZSTD(1)),
    text             String COMMENT 'under the tenant''s text policy' CODEC(ZSTD(3)),
    confidence       Nullable(Float32) CODEC(ZSTD(1)),
    language         LowCardinality(String),
    word_texts       Array(String) CODEC(ZSTD(3)),
    word_starts_ms   Array(Float64) CODEC(ZSTD(1)),
    word_ends_ms     Array(Float64) CODEC(ZSTD(1)),
    word_confidences Array(Nullable(Float32)) CODEC(ZSTD(1)),
    turn_id          String CODEC(ZSTD(1)),
    turn_index       Nullable(UInt32) CODEC(ZSTD(1)),
    segment_id       String CODEC(ZSTD(1)),
    request_id       String CODEC(ZSTD(1)),
    item_id          String CODEC(ZSTD(1)),
    provider         LowCardinality(String),
    model            LowCardinality(String),
    voice            LowCardinality(String),
    trace_id         String CODEC(ZSTD(1)),
    span_id          String CODEC(ZSTD(1)),
    cancelled        Bool,
    metrics          Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
    attributes       Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    stored_at        DateTime('UTC') DEFAULT now('UTC') CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant, call_key, id)
TTL stored_at + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- Verdicts as they came. call_key is empty where only the trace tells the call.
CREATE TABLE IF NOT EXISTS earshot.reported_scores
(
    tenant      LowCardinality(String) CODEC(ZSTD(1)),
    call_key    String CODEC(ZSTD(1)),
    trace_id    String CODEC(ZSTD(1)),
    id          String CODEC(ZSTD(1)),
    version     Int64 COMMENT 'the microsecond it came: the last of two stands, since verdicts are revised' CODEC(ZSTD(1)),
    name        LowCardinality(String),
    value       Nullable(Float64) CODEC(ZSTD(1)),
    label       LowCardinality(String),
    explanation String COMMENT 'under the tenant''s text policy' CODEC(ZSTD(3)),
    source      LowCardinality(String) COMMENT 'who judged',
    span_id     String CODEC(ZSTD(1)),
    turn_id     String CODEC(ZSTD(1)),
    turn_index  Nullable(UInt32) CODEC(ZSTD(1)),
    media_ms    Nullable(Float64) CODEC(ZSTD(1)),
    received_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    stored_at   DateTime('UTC') DEFAULT now('UTC') CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant, call_key, trace_id, id)
TTL stored_at + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- Events, requests (spans that were read) and scores in their place on the timeline of their call. Written anew, with a higher
-- revision, when something came that moves them.
CREATE TABLE IF NOT EXISTS earshot.call_events
(
    tenant          LowCardinality(String) CODEC(ZSTD(1)),
    call_id         String CODEC(ZSTD(1)),
    call_started_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    id              String CODEC(ZSTD(1)),
    revision        UInt32 CODEC(T64, ZSTD(1)),
    type            LowCardinality(String),
    role            LowCardinality(String),
    source          LowCardinality(String),
    clock           LowCardinality(String),
    ts              DateTime64(3, 'UTC') COMMENT 'corrected wall time; when it came, where its time is not known' CODEC(Delta(8), ZSTD(1)),
    start_sample    Nullable(Int64) COMMENT 'samples of the 16 kHz timeline; NULL: its time is not known' CODEC(ZSTD(1)),
    end_sample      Nullable(Int64) CODEC(ZSTD(1)),
    correction_ms   Float64 COMMENT 'subtracted from the time that its source told' CODEC(ZSTD(1)),
    placed_by       LowCardinality(String) COMMENT 'clock | media | received | empty',
    occurred_at     Nullable(DateTime64(6, 'UTC')) COMMENT 'as its source told, uncorrected' CODEC(ZSTD(1)),
    received_at     DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    text            String COMMENT 'under the tenant''s text policy' CODEC(ZSTD(3)),
    confidence      Nullable(Float32) CODEC(ZSTD(1)),
    turn_id         String CODEC(ZSTD(1)),
    segment_id      String CODEC(ZSTD(1)),
    request_id      String CODEC(ZSTD(1)),
    provider        LowCardinality(String),
    model           LowCardinality(String),
    voice           LowCardinality(String),
    trace_id        String CODEC(ZSTD(1)),
    span_id         String CODEC(ZSTD(1)),
    cancelled       Bool,
    metrics         Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
    attributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    stored_at       DateTime('UTC') DEFAULT now('UTC') CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tenant, toDate(call_started_at), call_id, id)
TTL stored_at + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS earshot.call_requests
(
    tenant              LowCardinality(String) CODEC(ZSTD(1)),
    call_id             String CODEC(ZSTD(1)),
    call_started_at     DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    trace_id            String CODEC(ZSTD(1)),
    span_id             String CODEC(ZSTD(1)),
    parent_span_id      String CODEC(ZSTD(1)),
    revision            UInt32 CODEC(T64, ZSTD(1)),
    kind                LowCardinality(String) COMMENT 'llm | stt | tts | tool | retrieval | embedding | rerank | end_of_turn | turn | session | speaking | other',
    name                LowCardinality(String),
    service_name        LowCardinality(String),
    clock               LowCardinality(String),
    ts                  DateTime64(3, 'UTC') COMMENT 'corrected wall time of its start' CODEC(Delta(8), ZSTD(1)),
    start_sample        Nullable(Int64) CODEC(ZSTD(1)),
    end_sample          Nullable(Int64) CODEC(ZSTD(1)),
    correction_ms       Float64 COMMENT 'subtracted from the time that the span told' CODEC(ZSTD(1)),
    placed_by           LowCardinality(String),
    started_at          DateTime64(6, 'UTC') COMMENT 'as the span told, uncorrected' CODEC(ZSTD(1)),
    duration_ms         Float64 CODEC(ZSTD(1)),
    provider            LowCardinality(String),
    model               LowCardinality(String),
    voice               LowCardinality(String),
    tool                LowCardinality(String),
    role                LowCardinality(String),
    input_tokens        Nullable(Float64) CODEC(ZSTD(1)),
    output_tokens       Nullable(Float64) CODEC(ZSTD(1)),
    cached_tokens       Nullable(Float64) CODEC(ZSTD(1)),
    input_audio_tokens  Nullable(Float64) CODEC(ZSTD(1)),
    output_audio_tokens Nullable(Float64) CODEC(ZSTD(1)),
    characters          Nullable(Float64) CODEC(ZSTD(1)),
    audio_ms            Nullable(Float64) CODEC(ZSTD(1)),
    cost_usd            Nullable(Float64) COMMENT 'by deploy/prices.json; NULL: no price is known' CODEC(ZSTD(1)),
    time_to_first_ms    Nullable(Float64) COMMENT 'first token, audio or transcript' CODEC(ZSTD(1)),
    cancelled           Bool,
    failed              Bool,
    error_type          LowCardinality(String),
    turn_id             String CODEC(ZSTD(1)),
    metrics             Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
    stored_at           DateTime('UTC') DEFAULT now('UTC') CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tenant, toDate(call_started_at), call_id, trace_id, span_id)
TTL stored_at + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS earshot.call_scores
(
    tenant          LowCardinality(String) CODEC(ZSTD(1)),
    call_id         String CODEC(ZSTD(1)),
    call_started_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    id              String CODEC(ZSTD(1)),
    revision        UInt32 CODEC(T64, ZSTD(1)),
    name            LowCardinality(String),
    value           Nullable(Float64) CODEC(ZSTD(1)),
    label           LowCardinality(String),
    explanation     String CODEC(ZSTD(3)),
    source          LowCardinality(String),
    ts              DateTime64(3, 'UTC') COMMENT 'of what it is about; when it came, where that is not known' CODEC(Delta(8), ZSTD(1)),
    start_sample    Nullable(Int64) CODEC(ZSTD(1)),
    end_sample      Nullable(Int64) CODEC(ZSTD(1)),
    turn_index      Nullable(UInt32) COMMENT 'the agent''s turn that it is about; NULL: the call' CODEC(ZSTD(1)),
    turn_id         String CODEC(ZSTD(1)),
    trace_id        String CODEC(ZSTD(1)),
    span_id         String CODEC(ZSTD(1)),
    received_at     DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    stored_at       DateTime('UTC') DEFAULT now('UTC') CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tenant, toDate(call_started_at), call_id, id)
TTL stored_at + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- Which calls a trace speaks of, by whatever key its spans carry: most spans carry none and belong to their trace's call.
CREATE TABLE IF NOT EXISTS earshot.trace_calls
(
    TraceId   String CODEC(ZSTD(1)),
    Tenant    LowCardinality(String) CODEC(ZSTD(1)),
    CallKey   String CODEC(ZSTD(1)),
    KeySource LowCardinality(String),
    FirstSeen SimpleAggregateFunction(min, DateTime) CODEC(ZSTD(1)),
    INDEX idx_call_key CallKey TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = AggregatingMergeTree
ORDER BY (TraceId, Tenant, CallKey, KeySource)
TTL FirstSeen + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS earshot.trace_calls_mv TO earshot.trace_calls AS
SELECT TraceId, Tenant, key.2 AS CallKey, key.1 AS KeySource, min(SeenAt) AS FirstSeen
FROM
(
    SELECT TraceId, toDateTime(Timestamp) AS SeenAt,
           if(ResourceAttributes['earshot.tenant'] = '', 'default', ResourceAttributes['earshot.tenant']) AS Tenant,
           arrayJoin(arrayFilter(key -> key.2 != '', arrayConcat(
               arrayMap(name -> (name, SpanAttributes[name]), names),
               arrayMap(name -> (name, ResourceAttributes[name]), names)))) AS key
    FROM
    (
        SELECT *, ['call.id', 'gen_ai.conversation.id', 'session.id', 'langfuse.session.id', 'conversation.id', 'voice.conversation.id',
                   'traceloop.association.properties.call_id', 'traceloop.association.properties.session_id',
                   'ai.telemetry.metadata.sessionId', 'lk.sip.twilio.callSid', 'lk.sip.callID', 'lk.pii.room_name', 'lk.room_name', 'lk.room_sid', 'room_id', 'lk.job_id', 'job_id'] AS names
        FROM earshot.otel_traces
    )
)
GROUP BY TraceId, Tenant, CallKey, KeySource;
