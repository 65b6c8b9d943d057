/** Spans are written into the Collector's own table, and read back as they came: ids, nanoseconds, events, links. */
import assert from 'node:assert/strict';
import { SPAN_SELECT } from '../../../adapters/clickhouse/spanSelect.ts';
import type { Store } from '../../../adapters/clickhouse/openStore.ts';
import { parseTraces } from '../../../adapters/otlp/parseTraces.ts';
import { spanOfRow, spanRow, type StoredSpan } from '../../../core/rows/spanRow.ts';
import type { Span } from '../../../core/spans/span.ts';
import { jsonOf } from '../otlpRequest.ts';
import { ask, countOf, writerOf, type StoreLaw } from './storeProbe.ts';

const TRACE_ID = '5b8efff798038103d269b633813fc60c';
/** Recent, since the table forgets spans after 30 days. */
const START_NS = BigInt(Date.now()) * 1_000_000n + 123_457n;

const spanWith = (spanId: string, changes: Partial<Span> = {}): Span => ({
  tenant: 'spans',
  traceId: TRACE_ID,
  spanId,
  parentSpanId: '',
  traceState: '',
  name: 'llm',
  kind: 'Client',
  serviceName: 'booking',
  resourceAttributes: { 'service.name': 'booking' },
  scopeName: 'pipecat',
  scopeVersion: '1.7',
  attributes: {},
  startNs: START_NS,
  durationNs: 1n,
  statusCode: 'Unset',
  statusMessage: '',
  events: [],
  links: [],
  ...changes,
});

const SPANS: readonly Span[] = [
  spanWith('00000000000000a1'),
  spanWith('00000000000000a2', {
    parentSpanId: '00000000000000a1',
    traceState: 'a=1,b=2',
    kind: 'Unspecified',
    attributes: { plain: 'x', empty: '', 'with "quotes" \\ and \n lines': '\u0000\t{}[]\u{1f600}', json: '{"a":[1]}' },
    durationNs: 2n ** 63n,
    statusCode: 'Error',
    statusMessage: 'boom',
    events: [
      { timeNs: START_NS + 1n, name: 'exception', attributes: { 'exception.type': 'E' } },
      { timeNs: 0n, name: 'gen_ai.choice', attributes: {} },
    ],
    links: [
      { traceId: TRACE_ID, spanId: '00000000000000a1', traceState: 's', attributes: { why: 'retry' } },
      { traceId: TRACE_ID, spanId: '00000000000000a3', traceState: '', attributes: {} },
    ],
  }),
];

async function storedSpans(store: Store, condition: string): Promise<Span[]> {
  const rows = await ask(store, `SELECT ${SPAN_SELECT} FROM earshot.otel_traces WHERE ${condition} ORDER BY SpanId`);
  return rows.map((row) => spanOfRow(row as unknown as StoredSpan, 'whose'));
}

export const spanLaws: Readonly<Record<string, StoreLaw>> = {
  'spans are read back as they were written, to the nanosecond': async (store) => {
    const writer = writerOf(store);
    await writer.append(SPANS.map((span) => ({ table: 'otel_traces', row: spanRow(span) })));
    await writer.close();
    assert.deepEqual(await storedSpans(store, `TraceId = '${TRACE_ID}'`), SPANS);
    const [row] = await ask(
      store,
      `SELECT toString(toTimeZone(Timestamp, 'UTC')) AS at, ResourceAttributes['earshot.tenant'] AS tenant
       FROM earshot.otel_traces WHERE SpanId = '00000000000000a1'`,
    );
    const iso = new Date(Number(START_NS / 1_000_000n)).toISOString();
    assert.deepEqual(row, { at: `${iso.slice(0, 23).replace('T', ' ')}123457`, tenant: 'spans' });
    const lookUp = await countOf(store, `earshot.otel_traces_trace_id_ts WHERE TraceId = '${TRACE_ID}'`);
    assert.ok(lookUp >= 1, 'the table of traces is filled');
  },
  'a sender cannot write itself into another tenant': async (store) => {
    const writer = writerOf(store);
    const span = spanWith('00000000000000b1', { resourceAttributes: { 'earshot.tenant': 'another' } });
    await writer.append([{ table: 'otel_traces', row: spanRow(span) }]);
    await writer.close();
    const [stored] = await storedSpans(store, `SpanId = '00000000000000b1'`);
    assert.equal(stored.tenant, 'spans');
  },
  "rows of the user's own Collector are read, old words and new": async (store) => {
    await store.writing.command({
      query: `INSERT INTO earshot.otel_traces (Timestamp, TraceId, SpanId, SpanName, SpanKind, StatusCode, Duration)
        SELECT now64(9), '${TRACE_ID}', '00000000000000c1', 'old', 'SPAN_KIND_SERVER', 'STATUS_CODE_ERROR', 5`,
      // The embedded engine's session remembers the token of the insert before.
      clickhouse_settings: { insert_deduplication_token: 'a row of another writer' },
    });
    const [stored] = await storedSpans(store, `SpanId = '00000000000000c1'`);
    assert.deepEqual(
      [stored.tenant, stored.kind, stored.statusCode, stored.durationNs],
      ['whose', 'Server', 'Error', 5n],
    );
  },
  'what JSON may hold and a store refuses is mended on its way: half a character': async (store) => {
    const body = Buffer.from(JSON.stringify(jsonOf([{ spans: [{ spanId: '00000000000000d1', name: 'NAME' }] }])));
    const halved = body.toString('utf8').replace('NAME', 'half \\ud83d of one');
    const { spans } = parseTraces(Buffer.from(halved), 'json', 'spans');
    const writer = writerOf(store);
    await writer.append(spans.map((span) => ({ table: 'otel_traces', row: spanRow({ ...span, startNs: START_NS }) })));
    await writer.close();
    const [stored] = await storedSpans(store, `SpanId = '00000000000000d1'`);
    assert.equal(stored.name, 'half \ufffd of one');
  },
};
