/** The joiner beside a store that fails, names that cannot be asked for, and calls that come before and after their reports. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ALL_MINE } from '../../adapters/bus/bus.ts';
import type { CallInputs, JoinReader, KnownCall } from '../../adapters/clickhouse/joinReader.ts';
import type { FactRow } from '../../adapters/clickhouse/joinRows.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import { keepText } from '../../core/events/textPolicy.ts';
import type { Fact } from '../../core/facts/facts.ts';
import { join } from '../../core/join/join.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import type { Span } from '../../core/spans/span.ts';
import { NO_PRICES } from '../../core/spans/prices.ts';
import { HeldTexts } from './heldTexts.ts';
import { Joiner } from './joiner.ts';

const PAUSES = { quietMs: 100, betweenMs: 1_000, betweenTimes: 0, sweepsMs: [5_000, 50_000] };
const STARTED_AT_MS = 1_764_000_000_000;

let nowMs: number;
let calls: KnownCall[];
let events: SpeechEvent[];
let textStarts: Set<number>;
let spans: Span[];
let otherKeys: Set<string>;
let written: TableRow[];
let failures: string[];
let texts: HeldTexts;
/** Throws to fail as the store would. */
let asked: (keys: readonly string[]) => void;
let reads: string[][];

beforeEach(() => {
  nowMs = STARTED_AT_MS;
  calls = [];
  events = [];
  textStarts = new Set();
  spans = [];
  otherKeys = new Set();
  written = [];
  failures = [];
  texts = new HeldTexts(1_000_000);
  asked = () => undefined;
  reads = [];
});

const call = (callId: string, tenant = 't'): KnownCall => ({
  tenant,
  callId,
  startedAtMs: STARTED_AT_MS,
  keys: [callId],
  traceId: '',
});

const event = (callKey: string, more: Partial<SpeechEvent> = {}): SpeechEvent => ({
  ...eventOf(
    { type: 'turn_ended', role: 'caller', occurredAtMs: STARTED_AT_MS + 1_000 },
    { tenant: 't', callKey, source: 's', receivedAtMs: STARTED_AT_MS + 1_100 },
  ),
  ...more,
});

const fact = (kind: FactRow['kind'], channel: FactRow['channel'], startMs: number, endMs: number): FactRow => ({
  tenant: 't',
  call_id: 'a',
  kind,
  channel,
  status: 'final',
  revision: 0,
  start_sample: startMs * 16,
  end_sample: endMs * 16,
  outcome: '',
  turn_index: kind === 'turn' ? 0 : null,
  ts_ms: STARTED_AT_MS + startMs,
});

const inputsOf = (known: KnownCall): CallInputs => ({
  call: known,
  facts: [fact('speech', 'agent', 1_000, 4_000), fact('turn', 'agent', 1_000, 4_000), fact('call_ended', '', 0, 9_000)],
  textStarts,
  events: events.filter(({ tenant, callKey }) => tenant === known.tenant && callKey === known.callId),
  spans,
  otherKeys,
  scores: [],
});

const reader: JoinReader = {
  callsOf(tenant, keys) {
    return Promise.resolve().then(() => {
      asked(keys);
      return calls.filter((known) => known.tenant === tenant && keys.includes(known.callId));
    });
  },
  callsSince: () => Promise.resolve().then(() => (asked([]), [])),
  read(wanted) {
    return Promise.resolve().then(() => {
      reads.push(wanted.map(({ callId }) => callId));
      asked(wanted.map(({ callId }) => callId));
      return wanted.map(inputsOf);
    });
  },
};

function newJoiner(): Joiner {
  const joiner = new Joiner({
    reader,
    join,
    prices: NO_PRICES,
    texts,
    write: (rows) => (written.push(...rows), Promise.resolve()),
    tell: () => undefined,
    nowMs: () => nowMs,
    onFailure: (failure) => failures.push(failure.error.message),
    pauses: PAUSES,
    notify: () => Promise.resolve(),
  });
  joiner.own(ALL_MINE);
  return joiner;
}

async function cycles(joiner: Joiner, count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    nowMs += 1_000;
    await joiner.cycle();
  }
}

const joinedCalls = (): unknown[] =>
  [
    ...new Set(
      written.filter(({ table }) => table === 'call_events').map(({ row }) => (row as { call_id: string }).call_id),
    ),
  ].sort();

const opening = (callId: string): Fact =>
  ({
    kind: 'call_started',
    status: 'final',
    tenant: 't',
    callId,
    call: { ...call(callId), providerIds: {} },
  }) as unknown as Fact;

test('a store that is away costs no tenant its reports, nor the calls of before', async () => {
  calls = [call('a'), call('b', 'u')];
  events = [event('a'), event('b', { tenant: 'u' })];
  const joiner = newJoiner();
  void joiner.noteReports('t', ['a'], []);
  void joiner.noteReports('u', ['b'], []);
  asked = () => {
    throw new Error('away');
  };
  await cycles(joiner, 3);
  assert.ok(failures.length > 0);
  assert.deepEqual(written, []);
  asked = () => undefined;
  await cycles(joiner, 6);
  assert.deepEqual(joinedCalls(), ['a', 'b']);
});

test('a name that cannot be asked for, and a call that cannot be read, hold up no other', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `c${index}`);
  calls = names.map((name) => call(name));
  events = names.map((name) => event(name));
  const joiner = newJoiner();
  void joiner.noteReports('t', ['unspeakable', ...names], []);
  asked = (keys) => {
    if (keys.includes('unspeakable') || keys.includes('c7')) throw new Error('no such thing');
  };
  await cycles(joiner, 20);
  assert.deepEqual(joinedCalls(), names.filter((name) => name !== 'c7').sort());
});

test('reports that came before their call are joined when it starts', async () => {
  events = [event('a')];
  const joiner = newJoiner();
  void joiner.noteReports('t', ['a'], []);
  await cycles(joiner, 3);
  assert.deepEqual(written, []);
  joiner.noteFact(opening('a'));
  await cycles(joiner, 1);
  assert.deepEqual(joinedCalls(), ['a']);
});

test('a call of which this process knows only the end is still looked after its end', async () => {
  calls = [call('a')];
  const joiner = newJoiner();
  joiner.noteFact({ kind: 'call_ended', status: 'final', tenant: 't', callId: 'a' } as unknown as Fact);
  await cycles(joiner, 3);
  assert.equal(reads.length, 1);
  events = [event('a')];
  await cycles(joiner, 5);
  assert.deepEqual(joinedCalls(), ['a'], 'what a Collector wrote beside us');
});

test('what was found out with its text stays when only counts of it are left', async () => {
  calls = [call('a')];
  const said = event('a', {
    type: 'tts_words',
    role: 'agent',
    text: 'good morning to you',
    words: ['good', 'morning', 'to', 'you'].map((text, index) => ({
      text,
      startMs: 1_000 + 700 * index,
      endMs: 1_600 + 700 * index,
      confidence: null,
    })),
  });
  events = [keepText(said, 'none', { hash: String, redact: String })];
  const textFacts = (): unknown[] =>
    written.filter(({ table, row }) => table === 'facts' && (row as { kind: string }).kind === 'agent_text');
  const joiner = newJoiner();
  texts.hold(said);
  void joiner.noteReports('t', ['a'], []);
  await cycles(joiner, 2);
  assert.equal(textFacts().length, 1);

  textStarts = new Set([1_000 * 16]);
  texts = new HeldTexts(1_000_000);
  const restarted = newJoiner();
  void restarted.noteReports('t', ['a'], []);
  await cycles(restarted, 2);
  assert.equal(textFacts().length, 1, 'after a restart');
  textStarts = new Set();
  const first = newJoiner();
  void first.noteReports('t', ['a'], []);
  await cycles(first, 2);
  assert.equal(textFacts().length, 2, 'counts are better than nothing');
});

test('spans that turn out to be of another call on the trace count for this one no more', async () => {
  calls = [call('a')];
  const span = (spanId: string, attributes: Record<string, string>): Span => ({
    tenant: 't',
    traceId: '1'.repeat(32),
    spanId: spanId.repeat(16),
    parentSpanId: '',
    traceState: '',
    name: 'chat',
    kind: 'Client',
    serviceName: 'bot',
    resourceAttributes: {},
    scopeName: '',
    scopeVersion: '',
    attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': '90', ...attributes },
    startNs: BigInt(STARTED_AT_MS + 1_000) * 1_000_000n,
    durationNs: 5n,
    statusCode: 'Unset',
    statusMessage: '',
    events: [],
    links: [],
  });
  const rowsOf = (spanId: string): unknown[] =>
    written
      .filter(
        ({ table, row }) => table === 'call_requests' && (row as { span_id: string }).span_id === spanId.repeat(16),
      )
      .map(({ row }) => {
        const { kind, input_tokens, start_sample } = row as {
          kind: string;
          input_tokens: unknown;
          start_sample: unknown;
        };
        return [kind, input_tokens, start_sample];
      });
  spans = [span('2', { 'session.id': 'a' }), span('3', {})];
  const joiner = newJoiner();
  void joiner.noteReports('t', ['a'], []);
  await cycles(joiner, 2);
  spans = [...spans, span('4', { 'session.id': 'b' })];
  otherKeys = new Set(['b']);
  void joiner.noteReports('t', ['a'], []);
  await cycles(joiner, 3);
  assert.deepEqual(rowsOf('2'), [['llm', 90, 16_000]]);
  assert.deepEqual(rowsOf('3'), [
    ['llm', 90, 16_000],
    ['other', null, null],
  ]);
  assert.deepEqual(rowsOf('4'), []);
});
