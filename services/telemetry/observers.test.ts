/** Observers: outages measured from end to end, complaints that do not flood the log, everything counted once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, type Metrics } from './metrics.ts';
import { observeAnalysis } from './observeAnalysis.ts';
import { observeKafka } from './observeBus.ts';
import { observeIngest } from './observeIngest.ts';
import { observeStore } from './observeStore.ts';
import { NO_TRACING, type TracedCall, type Tracing } from './tracing.ts';

interface Logged {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

function keptLog() {
  const lines: Logged[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, logger: { info: at('info'), warn: at('warn'), error: at('error') } as never };
}

async function valueOf(metrics: Metrics, sample: string): Promise<number> {
  const text = await metrics.registry.metrics();
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `)) ?? assert.fail(`no ${sample}`);
  return Number(line.slice(sample.length + 1));
}

test('an outage lasts from the first failed insert to the next that goes through, catching up until one batch is left', async () => {
  const metrics = createMetrics();
  const { lines, logger } = keptLog();
  let nowMs = 0;
  let waiting = 0;
  const store = observeStore({
    metrics,
    tracing: NO_TRACING,
    logger,
    pendingRows: () => waiting,
    batchRowsMax: 5_000,
    nowMs: () => nowMs,
  });
  const insert = (rows: number): void => store.onInsert({ table: 'facts', rows, tookMs: 10 });
  insert(10);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    nowMs += 1_000;
    store.onRetry({ error: new Error('reset'), attempt, pauseMs: 1_000 });
  }
  nowMs = 61_000;
  waiting = 20_000;
  insert(5_000);
  nowMs = 63_000;
  waiting = 12_000;
  insert(5_000);
  nowMs = 66_500;
  waiting = 4_000;
  insert(5_000);
  insert(4_000);
  assert.equal(await valueOf(metrics, 'earshot_store_outage_seconds_total'), 60);
  assert.equal(await valueOf(metrics, 'earshot_store_catch_up_duration_seconds_count'), 1);
  assert.equal(await valueOf(metrics, 'earshot_store_catch_up_duration_seconds_sum'), 5.5);
  assert.equal(await valueOf(metrics, 'earshot_store_insert_retries_total'), 3);
  assert.equal(await valueOf(metrics, 'earshot_store_rows_written_total{table="facts"}'), 19_010);
  assert.deepEqual(lines.at(-1)?.fields, { awayMs: 60_000, pendingRows: 20_000 });
});

test('what Kafka complains of again and again is logged now and then, with how often', () => {
  const { lines, logger } = keptLog();
  let nowMs = 0;
  const hooks = observeKafka({ metrics: createMetrics(), logger, topicPrefix: 'earshot.', nowMs: () => nowMs });
  for (; nowMs < 25_000; nowMs += 100) hooks.onTrouble(new Error('no broker'));
  hooks.onClientLog({ level: 'error', message: 'another' });
  assert.deepEqual(
    lines.map(({ fields }) => fields),
    [
      { error: 'no broker', unsaid: 0 },
      { error: 'no broker', unsaid: 99 },
      { error: 'no broker', unsaid: 99 },
      { error: 'another', unsaid: 0 },
    ],
  );
});

test('dead letters, holes, stuck clients and shares are counted and told', async () => {
  const metrics = createMetrics();
  const { lines, logger } = keptLog();
  const hooks = observeKafka({ metrics, logger, topicPrefix: 'eu.earshot.' });
  hooks.onAssigned([1, 2, 3]);
  hooks.onAssigned([1, 2]);
  hooks.onHole({ partition: 2, fromOffset: 10, toOffset: 50 });
  hooks.onStuck([2]);
  hooks.onDeadLetter({ topic: 'eu.earshot.log', partition: 2, offset: '60', reason: 'cut short' });
  hooks.onStopped({ topic: 'eu.earshot.log', partition: 2, offset: '61', reason: 'cut short' });
  hooks.onLag(17);
  hooks.onFactDropped({} as never);
  assert.deepEqual(
    await Promise.all(
      [
        'earshot_bus_assignments_total',
        'earshot_bus_assigned_partitions',
        'earshot_bus_holes_total',
        'earshot_bus_hole_entries_total',
        'earshot_bus_stuck_clients_total',
        'earshot_bus_dead_letters_total{topic="log"}',
        'earshot_bus_dropped_facts_total',
        'earshot_bus_lag_entries',
      ].map((sample) => valueOf(metrics, sample)),
    ),
    [2, 2, 1, 40, 1, 1, 1, 17],
  );
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['info', 'info', 'error', 'error', 'error', 'error'],
  );
});

test('a call that is taken over tells how much of it is analysed after the fact, whichever is known first', async () => {
  const metrics = createMetrics();
  const { lines, logger } = keptLog();
  const traced: { work: string; call?: TracedCall }[] = [];
  const tracing: Tracing = { ...NO_TRACING, done: (work, { call }) => void traced.push({ work, call }) };
  let nowMs = 100_000;
  const hooks = observeAnalysis({ metrics, tracing, logger, nowMs: () => nowMs });
  const [a, b, c] = ['a', 'b', 'c'].map((callId) => ({ tenant: 'acme', callId, traceId: `trace of ${callId}` }));
  const audio = (call: TracedCall, arrivedAtMs: number): void =>
    hooks.onTaken({
      ...call,
      message: { type: 'audio', lane: 'both', position: 0, payload: Buffer.alloc(4), arrivedAtMs },
    });
  audio(a, 92_000);
  hooks.onBegun({ call: a, how: 'taken over', loadMs: 40 });
  audio(a, 93_000);
  hooks.onBegun({ call: b, how: 'anew', loadMs: 5 });
  audio(b, 97_000);
  hooks.onBegun({ call: c, how: 'new', loadMs: 5 });
  audio(c, 90_000);
  assert.equal(await valueOf(metrics, 'earshot_takeover_replayed_audio_seconds_total'), 11);
  hooks.onRevoked([a, b]);
  nowMs = 200_000;
  audio(a, 198_000);
  hooks.onBegun({ call: a, how: 'taken over', loadMs: 40 });
  hooks.onSaved({ call: a, bytes: 5_000, tookMs: 80 });
  hooks.onLoadRetry({ call: a, error: new Error('reset') });
  assert.deepEqual(
    await Promise.all(
      [
        'earshot_takeover_replayed_audio_seconds_total',
        'earshot_analysis_calls_begun_total{how="taken_over"}',
        'earshot_analysis_calls_begun_total{how="anew"}',
        'earshot_analysis_calls_revoked_total',
        'earshot_analysis_delay_seconds_count',
        'earshot_bus_entries_handed_out_total',
        'earshot_state_load_duration_seconds_count',
        'earshot_state_load_retries_total',
        'earshot_state_save_duration_seconds_sum',
        'earshot_state_saved_bytes_total',
      ].map((sample) => valueOf(metrics, sample)),
    ),
    [13, 2, 1, 2, 5, 5, 4, 1, 0.08, 5_000],
  );
  assert.deepEqual(
    traced.map(({ work, call }) => [work, call?.traceId]),
    [
      ['take_over', 'trace of a'],
      ['take_over', 'trace of b'],
      ['take_over', 'trace of a'],
      ['checkpoint', 'trace of a'],
    ],
  );
  assert.deepEqual(
    lines.map(({ fields }) => fields),
    [{ tenant: 'acme', callId: 'a', error: 'reset' }],
  );
});

test('sessions are counted by how they begin, refusals by reason', async () => {
  const metrics = createMetrics();
  const moments: string[] = [];
  const tracing: Tracing = { ...NO_TRACING, callMoment: (_, moment) => void moments.push(moment) };
  const hooks = observeIngest({ metrics, tracing, logger: keptLog().logger });
  const call = { tenant: 'acme', callId: 'a' };
  for (const moment of ['opened', 'paused', 'client_away', 'client_back', 'ended'] as const) hooks.onCall(call, moment);
  hooks.onCall(call, 'resumed');
  hooks.onRefused('calls_full');
  assert.deepEqual(moments, ['opened', 'paused', 'client_away', 'client_back', 'ended', 'resumed']);
  for (const how of ['new', 'resumed_here', 'resumed_elsewhere']) {
    assert.equal(await valueOf(metrics, `earshot_ingest_sessions_total{how="${how}"}`), 1);
  }
  assert.equal(await valueOf(metrics, 'earshot_ingest_refusals_total{reason="calls_full"}'), 1);
});
