/** What others report comes back as it came, belongs to the call it speaks of and to no other, and is seen beside what was heard. */
import assert from 'node:assert/strict';
import { createJoinReader, type CallInputs } from '../../../adapters/clickhouse/joinReader.ts';
import { eventOf } from '../../../core/events/eventOf.ts';
import type { SpeechEvent } from '../../../core/events/speechEvent.ts';
import { reportedEventRow, reportedScoreRow } from '../../../core/rows/reportRows.ts';
import { spanRow } from '../../../core/rows/spanRow.ts';
import type { TableRow } from '../../../core/rows/tables.ts';
import type { Span } from '../../../core/spans/span.ts';
import type { OpenCall } from '../../../core/facts/openCall.ts';
import { sampleFacts, sampleOpenCall } from '../sampleCall.ts';
import { sampleReportRows } from '../sampleReports.ts';
import { ask, rowsOf, writerOf, type StoreLaw } from './storeProbe.ts';

const eventsOf = (call: OpenCall, callKey: string): SpeechEvent[] => {
  const origin = { tenant: call.tenant, callKey, source: 'deepgram', receivedAtMs: call.startedAtMs + 2_345.678 };
  const words = [
    { text: "it's", startMs: 10.5, endMs: 20, confidence: 0.5 },
    { text: 'me\\', startMs: 20, endMs: 31, confidence: null },
  ];
  return [
    eventOf(
      {
        type: 'stt_final',
        role: 'caller',
        occurredAtMs: call.startedAtMs + 2_300.125,
        startMs: 10.5,
        endMs: 31,
        text: "it's me\\",
        words,
        confidence: 0.5,
        turnIndex: 3,
        metrics: { 'stt.transcription_delay': 0.25 },
        attributes: { note: "';" },
      },
      origin,
    ),
    eventOf({ type: 'state', streamId: 'a' }, origin),
  ];
};

const spanOf = (tenant: string, traceId: string, spanId: string): Span => ({
  tenant,
  traceId,
  spanId,
  parentSpanId: '',
  traceState: '',
  name: `llm of ${tenant}`,
  kind: 'Client',
  serviceName: 'bot',
  resourceAttributes: {},
  scopeName: '',
  scopeVersion: '',
  attributes: {},
  startNs: BigInt(Date.now()) * 1_000_000n,
  durationNs: 5n,
  statusCode: 'Unset',
  statusMessage: '',
  events: [],
  links: [],
});

async function inputsOf(store: Parameters<StoreLaw>[0], call: OpenCall): Promise<CallInputs> {
  const reader = createJoinReader(store);
  const [known] = await reader.callsOf(call.tenant, [call.callId], []);
  const [inputs] = await reader.read([known]);
  return inputs;
}

export const reportLaws: Readonly<Record<string, StoreLaw>> = {
  'events come back as they came, once, by whatever name of the call they use': async (store) => {
    const call = sampleOpenCall('reported', { tenant: 'reports' });
    const byId = eventsOf(call, 'reported');
    const byName = eventsOf(call, 'CA-reported');
    const strangers = eventsOf(call, 'CA-somebody-else');
    const writer = writerOf(store);
    await writer.append([...rowsOf(sampleFacts(call), call), ...byId.map(reportedEventRow)]);
    // Sent again later: the first stands.
    const again = byId.map((event) => ({ ...event, receivedAtMs: event.receivedAtMs + 9_000 }));
    await writer.append([...again, ...byName, ...strangers].map(reportedEventRow));
    await writer.append(eventsOf({ ...call, tenant: 'another' }, 'reported').map(reportedEventRow));
    await writer.close();
    const { events, facts } = await inputsOf(store, call);
    const sorted = (list: readonly SpeechEvent[]) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
    assert.deepEqual(sorted(events), sorted([...byId, ...byName]));
    assert.ok(facts.some(({ kind }) => kind === 'response') && facts.some(({ kind }) => kind === 'call_ended'));
  },
  'scores are found by the call and by its trace; a revised one replaces the other': async (store) => {
    const call = sampleOpenCall('scored', { tenant: 'reports', traceId: '1'.repeat(32) });
    const score = {
      id: 's',
      tenant: 'reports',
      callKey: 'scored',
      name: 'relevance',
      value: 0.25,
      label: '',
      explanation: 'why',
      source: 'judge',
      traceId: '',
      spanId: '',
      turnId: 't',
      turnIndex: 2,
      mediaMs: 12.5,
      receivedAtMs: call.startedAtMs,
    };
    const revised = { ...score, value: 0.75, receivedAtMs: call.startedAtMs + 1_000 };
    const byTrace = { ...score, id: 'by trace', callKey: '', traceId: call.traceId };
    const other = { ...score, id: 'other', callKey: '', traceId: '2'.repeat(32) };
    const writer = writerOf(store);
    await writer.append([
      ...rowsOf(sampleFacts(call).slice(0, 1), call),
      ...[revised, score, byTrace, other].map(reportedScoreRow),
    ]);
    await writer.close();
    const { scores } = await inputsOf(store, call);
    assert.deepEqual(
      [...scores].sort((a, b) => (a.id < b.id ? -1 : 1)),
      [byTrace, revised],
    );
  },
  'ids that two tenants chose alike are not mixed up, and names may hold anything': async (store) => {
    const [traceId, spanId] = ['3'.repeat(32), '4'.repeat(16)];
    const odd = `it's\\ "odd"\n\t\u0001{}[],%ff 🎧`;
    const writer = writerOf(store);
    for (const tenant of ['reports-a', 'reports-b', 'reports-c']) {
      const call = sampleOpenCall(odd, { tenant, startedAtMs: Date.now(), providerIds: { room: odd } });
      const span = { ...spanOf(tenant, traceId, spanId), attributes: { 'session.id': odd } };
      await writer.append([
        ...rowsOf(sampleFacts(call).slice(0, 1), call),
        { table: 'otel_traces', row: spanRow(span) },
      ]);
    }
    await writer.close();
    const reader = createJoinReader(store);
    for (const tenant of ['reports-a', 'reports-b', 'reports-c']) {
      const [call] = await reader.callsOf(tenant, [], [traceId]);
      const [{ spans, otherKeys }] = await reader.read([call]);
      assert.deepEqual(
        spans.map(({ name }) => name),
        [`llm of ${tenant}`],
      );
      assert.equal(otherKeys.size, 0);
    }
  },
  'what is known of a call does not depend on the calls that are read with it': async (store) => {
    const calls = ['one', 'two', 'three'].map((callId) => sampleOpenCall(callId, { tenant: 'company' }));
    const naming = (spanId: string, key: string): Span => ({
      ...spanOf('company', '7'.repeat(32), spanId.repeat(16)),
      attributes: { 'session.id': key },
    });
    const writer = writerOf(store);
    await writer.append([
      ...calls.flatMap((call) => rowsOf(sampleFacts(call).slice(0, 1), call)),
      ...[naming('1', 'one'), naming('2', 'two')].map((span): TableRow => ({
        table: 'otel_traces',
        row: spanRow(span),
      })),
    ]);
    await writer.close();
    const reader = createJoinReader(store);
    const known = await reader.callsOf('company', ['one', 'two', 'three'], []);
    const together = await reader.read(known);
    const alone = (await Promise.all(known.map((call) => reader.read([call])))).flat();
    const keysOf = (inputs: readonly CallInputs[]) =>
      Object.fromEntries(inputs.map(({ call, otherKeys }) => [call.callId, [...otherKeys].sort()]));
    assert.deepEqual(keysOf(together), keysOf(alone));
    const { one, three } = keysOf(together);
    assert.ok(one.includes('two') && !one.includes('three'));
    assert.deepEqual(three, []);
  },
  'what was reported under a name that no call goes by is seen as such, by its tenant': async (store) => {
    const call = sampleOpenCall('heard', { tenant: 'unjoined', providerIds: { room: 'room-heard' } });
    const naming = (traceId: string, spanId: string, key: string): Span => ({
      ...spanOf('unjoined', traceId, spanId),
      attributes: { 'session.id': key },
    });
    const writer = writerOf(store);
    await writer.append([
      ...rowsOf(sampleFacts(call).slice(0, 1), call),
      ...['heard', 'room-heard', 'never-heard'].flatMap((key) => eventsOf(call, key)).map(reportedEventRow),
      ...eventsOf({ ...call, tenant: 'unjoined-too' }, 'heard').map(reportedEventRow),
      // One trace that names its call by two names, one of them known; and one of a call that was not heard.
      ...[
        naming('5'.repeat(32), '5'.repeat(16), 'heard'),
        naming('5'.repeat(32), '6'.repeat(16), 'job-1'),
        naming('6'.repeat(32), '6'.repeat(16), 'never-heard'),
      ].map((span): TableRow => ({ table: 'otel_traces', row: spanRow(span) })),
    ]);
    await writer.close();
    const rows = await ask(
      store,
      `SELECT tenant, call_key, kind, toUInt32(reports) AS reports FROM earshot.v_unjoined
       WHERE startsWith(tenant, 'unjoined') ORDER BY tenant, call_key, kind`,
    );
    assert.deepEqual(rows, [
      { tenant: 'unjoined', call_key: 'never-heard', kind: 'event', reports: 2 },
      { tenant: 'unjoined', call_key: 'never-heard', kind: 'trace', reports: 1 },
      { tenant: 'unjoined-too', call_key: 'heard', kind: 'event', reports: 2 },
    ]);
  },
  'what was reported is seen beside what was heard': async (store) => {
    const call = sampleOpenCall('beside', { tenant: 'reports' });
    const writer = writerOf(store);
    await writer.append([...rowsOf(sampleFacts(call), call), ...sampleReportRows(call)]);
    await writer.close();
    const of = "tenant = 'reports' AND call_id = 'beside'";
    const [breakdown] = await ask(
      store,
      `SELECT agent_version, latency_ms, dominant, end_of_turn_ms, stt_ms, retrieval_ms, tool_ms, tool_unknown, llm_ms, tts_ms,
              playout_ms, unattributed_ms, reported_latency_ms, tools, llm_told_by
       FROM earshot.v_response_breakdown WHERE ${of}`,
    );
    assert.deepEqual(breakdown, {
      agent_version: 'v7',
      latency_ms: 900,
      dominant: 'llm',
      end_of_turn_ms: 250,
      stt_ms: 50,
      retrieval_ms: 50,
      tool_ms: null,
      tool_unknown: 'not_observed',
      llm_ms: 250,
      tts_ms: 150,
      playout_ms: 150,
      unattributed_ms: 0,
      reported_latency_ms: 650,
      tools: ['lookup'],
      llm_told_by: 'livekit-agents llm_node',
    });
    const [stop] = await ask(
      store,
      `SELECT latency_ms, detection_ms, flush_ms, speech_after_decision_ms FROM earshot.v_interruption_breakdown WHERE ${of}`,
    );
    assert.deepEqual(stop, { latency_ms: 400, detection_ms: 250, flush_ms: 150, speech_after_decision_ms: 150 });
    const [turn] = await ask(
      store,
      `SELECT turn_index, latency_ms, dominant, text_verdict, generated_words, heard_words, scores, labels
       FROM earshot.v_agent_turns WHERE ${of}`,
    );
    assert.deepEqual(turn, {
      turn_index: 1,
      latency_ms: 900,
      dominant: 'llm',
      text_verdict: 'fits',
      generated_words: 12,
      heard_words: 6,
      scores: { relevance: 0.9 },
      labels: { relevance: 'good' },
    });
    const timeline = await ask(
      store,
      `SELECT origin, kind, media_ms, latency_ms, source FROM earshot.v_timeline
       WHERE ${of} AND origin != 'audio' ORDER BY media_ms`,
    );
    assert.deepEqual(timeline, [
      { origin: 'event', kind: 'turn_ended', media_ms: 2_300, latency_ms: null, source: 'livekit-agents' },
      { origin: 'span', kind: 'llm', media_ms: 2_450, latency_ms: 900, source: 'agent' },
      { origin: 'score', kind: 'relevance', media_ms: 2_900, latency_ms: null, source: 'judge' },
    ]);
    const [event] = await ask(
      store,
      `SELECT dateDiff('millisecond', ts, told_at) AS ahead_ms, correction_ms, placed_by FROM earshot.v_events WHERE ${of}`,
    );
    assert.deepEqual(event, { ahead_ms: 40, correction_ms: 40, placed_by: 'clock' });
  },
};
