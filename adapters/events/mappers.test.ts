/** What holds for every mapper: whatever comes, it gives sound events or InvalidInput; and the envelope around messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventOf } from '../../core/events/eventOf.ts';
import { EVENT_TYPES, type ReportedEvent } from '../../core/events/speechEvent.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { CONTEXT, FIXTURES, mapped, messagesOf } from '../../test/support/eventFixtures.ts';
import { LIMITS, wallMs } from './json.ts';
import { createMemory } from './mapper.ts';
import { MAPPERS, SOURCES, type SourceName } from './mappers.ts';
import { decodeEvent, encodeEvent } from './wireEvent.ts';

const TYPES = new Set<string>(EVENT_TYPES);
function assertSound(event: ReportedEvent): void {
  assert.ok(TYPES.has(event.type));
  assert.ok([undefined, 'caller', 'agent'].includes(event.role));
  assertNumbers(event);
  const { startMs, endMs, occurredAtMs, confidence, text = '', words = [] } = event;
  for (const ms of [startMs, endMs]) assert.ok(ms === undefined || (Number.isInteger(ms) && (ms ?? -1) >= 0));
  if (typeof startMs === 'number' && typeof endMs === 'number') assert.ok(endMs >= startMs, `${startMs} ${endMs}`);
  assert.ok(occurredAtMs === undefined || ((occurredAtMs ?? 0) > 0 && (occurredAtMs ?? 0) < 1e14));
  assert.ok(confidence === undefined || ((confidence ?? -1) >= 0 && (confidence ?? 2) <= 1));
  assert.ok(text.length <= LIMITS.textLength && !/\p{Surrogate}/u.test(text));
  for (const word of words) assert.ok(word.endMs >= word.startMs && word.text !== '');
  // What a mapper gives, the bus takes.
  const whole = eventOf(event, { tenant: 't', callKey: 'c1', source: 's', receivedAtMs: CONTEXT.receivedAtMs });
  assert.equal(decodeEvent(encodeEvent(whole), 't').id, whole.id);
}

function assertNumbers(value: unknown): void {
  if (typeof value === 'number') assert.ok(Number.isFinite(value));
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) assertNumbers(inner);
}

/** Through one mapper, as a stream would: what one message did to its memory must not hurt the next. */
function runTolerantly(source: SourceName, messages: readonly unknown[]): void {
  const mapper = MAPPERS[source]();
  for (const message of messages) {
    try {
      const events = mapper.map(message, CONTEXT);
      assert.ok(events.length <= 25_000);
      events.forEach(assertSound);
    } catch (error) {
      assert.ok(error instanceof InvalidInput, error instanceof Error ? error.stack : String(error));
      assert.equal(error.code, 'message_invalid');
      assert.ok(error.message.length < 400);
    }
  }
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
}

test('every source has a fixture, and every fixture gives sound events', () => {
  assert.deepEqual([...new Set(FIXTURES.map(({ source }) => source))], [...SOURCES]);
  for (const { name, source } of FIXTURES) {
    const events = mapped(source, messagesOf(name));
    assert.ok(events.length > 4, name);
    events.forEach(assertSound);
  }
});

test('mapping changes no message', () => {
  for (const { name, source } of FIXTURES) {
    const messages = messagesOf(name);
    mapped(source, messages);
    assert.deepEqual(messages, messagesOf(name));
  }
});

test('whatever comes, a mapper gives sound events or InvalidInput', () => {
  for (const source of SOURCES) {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 4 }), (messages) => runTolerantly(source, messages)),
      { numRuns: 100 },
    );
  }
});

const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    undefined,
    null,
    '',
    -1,
    0,
    0.5,
    1e15,
    1e300,
    -1e300,
    2 ** 53,
    'NaN',
    '\ud800',
    '__proto__',
    [],
    {},
  ),
  fc.constantFrom('x'.repeat(201), 'x'.repeat(LIMITS.textLength + 1), '1790000000', '2026-11-25T03:00:00Z'),
  fc.array(fc.oneof(fc.double(), fc.string({ maxLength: 3 })), { maxLength: 6 }),
);

/** Every place of a message, as a path of keys. */
function pathsOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function withChange(value: unknown, [key, ...rest]: readonly string[], change: unknown): unknown {
  if (key === undefined) return change;
  if (Array.isArray(value))
    return value.map((inner: unknown, at) => (String(at) === key ? withChange(inner, rest, change) : inner));
  const record = value as Readonly<Record<string, unknown>>;
  return { ...record, [key]: withChange(record[key], rest, change) };
}

test('fixtures with odd values in any place give sound events or InvalidInput', () => {
  for (const { name, source } of FIXTURES) {
    const messages = messagesOf(name);
    const places = messages.flatMap((message, index) => pathsOf(message).map((path) => ({ index, path })));
    const change = fc.record({ place: fc.constantFrom(...places), value: odd });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bent = [...messages];
        for (const { place, value } of changes)
          bent[place.index] = withChange(messages[place.index], place.path, value);
        runTolerantly(source, bent);
      }),
      { numRuns: 150 },
    );
  }
});

test('fixtures in any order and with repeats give sound events', () => {
  for (const { name, source } of FIXTURES) {
    const messages = messagesOf(name);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...messages), { maxLength: 40 }), (shuffled) =>
        runTolerantly(source, shuffled),
      ),
      { numRuns: 30 },
    );
  }
});

test('nobody reaches a prototype, and fields of prototypes are not read', () => {
  const hostile = JSON.parse(
    `{"__proto__":{"polluted":1,"type":"Results"},"constructor":{"prototype":{"polluted":1}}}`,
  ) as object;
  for (const { name, source } of FIXTURES) {
    runTolerantly(source, [hostile, ...messagesOf(name).map((message) => ({ ...hostile, ...(message as object) }))]);
    runTolerantly(source, [Object.create({ type: 'Results', event: 'call_ended', audio: 'AAAA' }) as unknown]);
  }
});

test('an envelope tells when a message was seen; what the message says of its time goes before', () => {
  const seen = (message: unknown, occurredAtMs: unknown): readonly ReportedEvent[] =>
    mapped('pipecat', [{ occurredAtMs, message }]);
  const stopped = { label: 'rtvi-ai', type: 'user-stopped-speaking' };
  assert.equal(seen(stopped, 1_790_000_001_000.5)[0].occurredAtMs, 1_790_000_001_000.5);
  const spoken = {
    label: 'rtvi-ai',
    type: 'user-transcription',
    data: { text: 'Hi', final: true, timestamp: '2026-11-25T03:00:00.250Z' },
  };
  assert.equal(seen(spoken, 1_790_000_001_000)[0].occurredAtMs, Date.UTC(2026, 10, 25, 3, 0, 0, 250));
  assert.throws(
    () => seen(stopped, 'yesterday'),
    (error) => error instanceof InvalidInput && /occurredAtMs in Unix ms; got yesterday/.test(error.message),
  );
  const vapi = mapped('vapi', [{ occurredAtMs: 1_790_000_000_000, message: messagesOf('vapi')[0] }]);
  assert.equal(vapi.length, 1);
});

test('wall times tell their unit by their size', () => {
  assert.equal(wallMs(1_790_000_000.5), 1_790_000_000_500);
  assert.equal(wallMs(1_790_000_000_500), 1_790_000_000_500);
  assert.equal(wallMs('2026-11-25T04:00:00.1234+01:00'), Date.UTC(2026, 10, 25, 3) + 123.4);
  for (const none of [0, -1, NaN, Infinity, 1e15, '2026', '2026-11-25T03:00:00', null, {}])
    assert.equal(wallMs(none), undefined);
});

test('what a mapper remembers is bounded, the oldest goes first', () => {
  const memory = createMemory<number>();
  for (let at = 0; at < 3_000; at += 1) memory.set(String(at), at);
  assert.equal(memory.get('1999'), undefined);
  assert.equal(memory.get('2000'), 2_000);
  assert.equal(memory.get('2999'), 2_999);
});
