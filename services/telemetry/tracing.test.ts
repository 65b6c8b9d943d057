/** Earshot's own spans, taken in by its own door: in the trace of the call, few, and never in the way of the work. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fastify, { type FastifyInstance } from 'fastify';
import { createSpanExporter, type OwnSpan, type SpanExporter } from '../../adapters/otlp/spanExporter.ts';
import { callKeysOf } from '../../core/spans/callKeys.ts';
import type { Span } from '../../core/spans/span.ts';
import { Busy, InvalidInput } from '../../core/units/errors.ts';
import { otlpRoutes } from '../ingest/otlpRoutes.ts';
import { createTracing, NO_TRACING, openTracing, type Tracing } from './tracing.ts';

const TRACE_ID = '5b8efff798038103d269b633813fc60c';
const CALL = { tenant: 'acme', callId: 'c-1' };

let app: FastifyInstance;
let url: string;
let taken: Span[] = [];
let refusal: Error | null = null;
let outcomes: Record<string, number> = {};
const troubles: string[] = [];

before(async () => {
  app = fastify({ forceCloseConnections: true });
  await app.register(otlpRoutes, {
    take(_, spans) {
      if (refusal !== null) return Promise.reject(refusal);
      taken.push(...spans);
      return Promise.resolve();
    },
    hooks: {},
  });
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/v1/traces`;
});
after(() => app.close());
beforeEach(() => {
  taken = [];
  refusal = null;
  outcomes = {};
  troubles.length = 0;
});

const hooks = {
  onOutcome: (outcome: string, spans: number) => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + spans),
  onTrouble: (error: Error) => void troubles.push(error.message),
};
const open = (): Tracing => openTracing({ url, headers: {} }, ['ingest', 'analyze'], hooks);

test("a call's life and the work on it lie in the trace that its hello named, the work under the life", async () => {
  const tracing = open();
  const call = { ...CALL, traceId: TRACE_ID };
  tracing.callMoment(call, 'opened', { 'earshot.from_seq': 0 });
  tracing.callMoment(call, 'paused');
  tracing.callMoment(call, 'read_on');
  tracing.done('take_over', { tookMs: 1_500, call, attributes: { how: 'taken over', share: 0.5 } });
  tracing.done('insert', { tookMs: 12, attributes: { 'db.table': 'facts', rows: 40 }, error: new Error('reset') });
  tracing.callMoment(call, 'ended', { reason: 'completed' });
  await tracing.close();
  assert.deepEqual(outcomes, { sent: 3 });
  const named = (name: string): Span => taken.find((span) => span.name === name) ?? assert.fail(`no ${name}`);
  const life = named('earshot.call');
  assert.deepEqual([life.traceId, life.parentSpanId, life.serviceName], [TRACE_ID, '', 'earshot']);
  assert.equal(life.resourceAttributes['earshot.roles'], 'ingest,analyze');
  assert.deepEqual(life.attributes, {
    'earshot.tenant': 'acme',
    'earshot.call_id': 'c-1',
    'earshot.from_seq': '0',
    'earshot.began': 'opened',
    reason: 'completed',
    'earshot.left': 'ended',
  });
  assert.deepEqual(
    life.events.map(({ name }) => name),
    ['paused', 'read_on'],
  );
  assert.deepEqual(taken.flatMap(callKeysOf), [], 'own spans are no reports of calls');
  const takeOver = named('earshot.take_over');
  assert.deepEqual([takeOver.traceId, takeOver.parentSpanId], [TRACE_ID, life.spanId]);
  assert.equal(takeOver.durationNs, 1_500_000_000n);
  assert.equal(takeOver.attributes.share, '0.5');
  const insert = named('earshot.insert');
  assert.notEqual(insert.traceId, TRACE_ID);
  assert.deepEqual([insert.statusCode, insert.statusMessage, insert.attributes.rows], ['Error', 'reset', '40']);
});

test('without a trace of its own a call has one that all processes agree on; a later session lies under the first', async () => {
  const [first, second, worker] = [open(), open(), open()];
  first.callMoment(CALL, 'opened');
  worker.done('state_load', { tookMs: 3, call: CALL });
  second.callMoment({ ...CALL, traceId: '' }, 'resumed');
  await first.close();
  await second.close();
  await worker.close();
  const [root, later, load] = taken;
  assert.match(root.traceId, /^[0-9a-f]{32}$/);
  assert.deepEqual([later.traceId, load.traceId], [root.traceId, root.traceId]);
  assert.deepEqual([root.parentSpanId, later.parentSpanId, load.parentSpanId], ['', root.spanId, root.spanId]);
  assert.notEqual(later.spanId, root.spanId);
  assert.equal(root.attributes['earshot.left'], 'process_stopped');
});

/** Takes all, sends nothing. */
function keeper(): SpanExporter & { readonly spans: OwnSpan[] } {
  const spans: OwnSpan[] = [];
  const done = (): Promise<void> => Promise.resolve();
  return { spans, offer: (span) => void spans.push(span), flush: done, close: done };
}

test('spans are bounded: routine gives way, slow and rare work is told all the same, room comes back with time', () => {
  const exporter = keeper();
  let nowMs = 1_000_000;
  let dropped = 0;
  const tracing = createTracing({
    exporter,
    onDropped: () => (dropped += 1),
    nowMs: () => nowMs,
    spansPerSecondMax: 10,
  });
  for (let i = 0; i < 100; i += 1) tracing.done('checkpoint', { tookMs: 2, call: CALL });
  assert.deepEqual([exporter.spans.length, dropped], [26, 74]);
  tracing.done('checkpoint', { tookMs: 1_200, call: CALL });
  tracing.done('insert', { tookMs: 2, error: new Error('reset') });
  for (let i = 0; i < 100; i += 1) tracing.done('take_over', { tookMs: 2, call: CALL });
  assert.deepEqual([exporter.spans.length, dropped], [50, 152]);
  nowMs += 1_000;
  for (let i = 0; i < 20; i += 1) tracing.done('take_over', { tookMs: 2, call: CALL });
  assert.deepEqual([exporter.spans.length, dropped], [60, 162]);
});

test('the events of a call are bounded too, and what is not kept is counted', () => {
  const exporter = keeper();
  const tracing = createTracing({ exporter, onDropped: () => assert.fail('room for one') });
  tracing.callMoment(CALL, 'opened');
  for (let i = 0; i < 100; i += 1) tracing.callMoment(CALL, i % 2 === 0 ? 'paused' : 'read_on');
  tracing.callMoment(CALL, 'ended');
  tracing.callMoment(CALL, 'ended');
  tracing.callMoment(CALL, 'paused');
  const [{ events, attributes }, ...others] = exporter.spans;
  assert.deepEqual([events.length, attributes['earshot.events_not_kept'], others], [64, 36, []]);
});

const span = (name: string): OwnSpan => ({
  traceId: TRACE_ID,
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  name,
  startMs: 1_764_000_000_000,
  endMs: 1_764_000_000_001.5,
  attributes: {},
  events: [],
  error: null,
});
const exporterTo = (to: string, waitingMax = 10): SpanExporter =>
  createSpanExporter({ url: to, headers: {}, resource: {}, ...hooks, everyMs: 3_600_000, waitingMax });

test('while the endpoint has no room spans wait, within a bound, and go when it has; that is told once', async () => {
  const exporter = exporterTo(url);
  refusal = new Busy('full', 1_000);
  for (let i = 0; i < 12; i += 1) exporter.offer(span(`s${i}`));
  await exporter.flush();
  await exporter.flush();
  assert.deepEqual([outcomes, troubles], [{ dropped: 2 }, ['the traces endpoint answered 503']]);
  refusal = null;
  await exporter.flush();
  assert.deepEqual(outcomes, { dropped: 2, sent: 10 });
  assert.deepEqual(
    taken.map(({ name }) => name),
    Array.from({ length: 10 }, (_, i) => `s${i}`),
  );
  assert.deepEqual([taken[0].startNs, taken[0].durationNs], [1_764_000_000_000_000_000n, 1_500_000n]);
  await exporter.close();
});

test('what the endpoint does not want is not sent again', async () => {
  const exporter = exporterTo(url);
  refusal = new InvalidInput('request_invalid', { expected: 'others', got: 'these' });
  exporter.offer(span('unwanted'));
  await exporter.flush();
  assert.deepEqual([outcomes, troubles], [{ refused: 1 }, ['the traces endpoint answered 400']]);
  await exporter.close();
});

test('an endpoint that is away holds nothing up, not even the end', async () => {
  const gone = fastify();
  const goneUrl = await gone.listen({ host: '127.0.0.1', port: 0 });
  await gone.close();
  const exporter = exporterTo(`${goneUrl}/v1/traces`);
  exporter.offer(span('lost'));
  await exporter.close();
  assert.deepEqual([outcomes, troubles.length], [{ dropped: 1 }, 1]);
});

test('switched off there is nothing: one object for all, which does nothing', async () => {
  const off = openTracing({ url: '', headers: {} }, ['ingest'], hooks);
  assert.equal(off, NO_TRACING);
  off.callMoment(CALL, 'opened');
  off.done('insert', { tookMs: 1 });
  await off.close();
  assert.deepEqual(outcomes, {});
});
