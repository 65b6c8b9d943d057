/** OTLP requests become spans in both encodings alike; what is bad is told, and harms nothing else. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { StatusSchema } from '#protos/otlp/v1/status_pb.js';
import { ExportTraceServiceResponseSchema } from '#protos/otlp/v1/trace_service_pb.js';
import {
  jsonOf,
  jsonRequest,
  protobufRequest,
  START_NS,
  TRACE_ID,
  type Told,
  type ToldRequest,
  type ToldSpan,
} from '../../test/support/otlpRequest.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { statusBody, traceResponse } from './answers.ts';
import { gunzipBounded } from './gunzipBounded.ts';
import { parseTraces, parseTracesInTurns, type ParsedTraces } from './parseTraces.ts';

const REQUEST: ToldRequest = {
  resource: { 'service.name': 'booking', 'host.name': 'a' },
  scope: { name: 'pipecat', version: '1.7' },
  spans: [
    {
      parentSpanId: 'aaaaaaaaaaaaaaaa',
      traceState: 'k=v',
      kind: 3,
      attributes: {
        'gen_ai.usage.input_tokens': 12,
        'metrics.ttfb': 0.25,
        stream: true,
        raw: new Uint8Array([1, 2, 255]),
        list: ['a', 1, 2.5, null, false],
        map: { b: { c: 9_007_199_254_740_993n }, __proto__x: 'y' },
        nothing: null,
      },
      events: [{ timeNs: START_NS + 5n, name: 'gen_ai.choice', attributes: { content: 'hi' } }],
      links: [{ traceId: TRACE_ID, spanId: 'bbbbbbbbbbbbbbbb', attributes: { why: 'retry' } }],
      status: { code: 2, message: 'boom' },
    },
  ],
};

const both = (request: ToldRequest): [string, ParsedTraces][] => [
  ['protobuf', parseTraces(protobufRequest(request), 'protobuf', 't')],
  ['json', parseTraces(jsonRequest(request), 'json', 't')],
];

for (const [encoding, parsed] of both(REQUEST)) {
  test(`${encoding}: a span with everything`, () => {
    assert.deepEqual(parsed, {
      rejectedSpans: 0,
      errorMessage: '',
      spans: [
        {
          tenant: 't',
          traceId: TRACE_ID,
          spanId: 'eee19b7ec3c1b174',
          parentSpanId: 'aaaaaaaaaaaaaaaa',
          traceState: 'k=v',
          name: 'llm',
          kind: 'Client',
          serviceName: 'booking',
          resourceAttributes: { 'service.name': 'booking', 'host.name': 'a' },
          scopeName: 'pipecat',
          scopeVersion: '1.7',
          attributes: {
            'gen_ai.usage.input_tokens': '12',
            'metrics.ttfb': '0.25',
            stream: 'true',
            raw: 'AQL/',
            list: '["a",1,2.5,null,false]',
            map: '{"b":{"c":9007199254740993},"__proto__x":"y"}',
            nothing: '',
          },
          startNs: START_NS,
          durationNs: 250_000_000n,
          statusCode: 'Error',
          statusMessage: 'boom',
          events: [{ timeNs: START_NS + 5n, name: 'gen_ai.choice', attributes: { content: 'hi' } }],
          links: [{ traceId: TRACE_ID, spanId: 'bbbbbbbbbbbbbbbb', traceState: '', attributes: { why: 'retry' } }],
        },
      ],
    });
  });
}

test('no name of an attribute is lost or reaches a prototype', () => {
  const named = { key: '__proto__', value: { stringValue: 'kept' } };
  const body = jsonOf([{ spans: [{}] }]) as {
    resourceSpans: [{ scopeSpans: [{ spans: [{ attributes: object[] }] }] }];
  };
  body.resourceSpans[0].scopeSpans[0].spans[0].attributes = [named, { key: 'constructor', value: { intValue: 1 } }];
  const { spans } = parseTraces(Buffer.from(JSON.stringify(body)), 'json', 't');
  assert.deepEqual(Object.entries(spans[0].attributes), [
    ['__proto__', 'kept'],
    ['constructor', '1'],
  ]);
  assert.equal(JSON.stringify(spans[0].attributes), '{"__proto__":"kept","constructor":"1"}');
});

test('JSON as senders really write it: upper-case ids, numbers for times, names for enums, snake_case', () => {
  const body = {
    resource_spans: [
      {
        scope_spans: [
          {
            scope: { name: 's' },
            spans: [
              {
                trace_id: TRACE_ID.toUpperCase(),
                span_id: 'EEE19B7EC3C1B174',
                parent_span_id: '0000000000000000',
                name: 'chat',
                kind: 'SPAN_KIND_SERVER',
                start_time_unix_nano: 1_764_000_000_000_000_000,
                end_time_unix_nano: '1764000000500000000',
                attributes: [{ key: 'n', value: { int_value: 5 } }, { key: 'bare' }],
                status: { code: 'STATUS_CODE_OK' },
                flags: 257,
                something_new: [1],
              },
            ],
          },
        ],
      },
    ],
  };
  const { spans, rejectedSpans } = parseTraces(Buffer.from(JSON.stringify(body)), 'json', 't');
  assert.equal(rejectedSpans, 0);
  const [span] = spans;
  assert.deepEqual([span.traceId, span.spanId, span.parentSpanId], [TRACE_ID, 'eee19b7ec3c1b174', '']);
  assert.deepEqual([span.kind, span.statusCode, span.durationNs], ['Server', 'Ok', 500_000_000n]);
  assert.deepEqual(span.attributes, { n: '5', bare: '' });
});

const BAD: readonly (readonly [what: string, span: ToldSpan, told: RegExp])[] = [
  ['a short trace id', { traceId: 'abcd' }, /span llm \(eee19b7ec3c1b174\) to have trace_id of 16 bytes/],
  ['no trace id', { traceId: '' }, /trace_id .*got nothing/],
  ['a trace id of zeros', { traceId: '0'.repeat(32) }, /trace_id/],
  ['a long span id', { spanId: 'a'.repeat(18) }, /span_id of 8 bytes .*18 characters/],
  ['a span id of zeros', { spanId: '0'.repeat(16) }, /span_id/],
  ['a short parent', { parentSpanId: 'abcd' }, /parent_span_id/],
  ['no start', { startNs: 0n }, /start_time_unix_nano other than 0; got 0/],
  ['a start after 2262', { startNs: 2n ** 63n, endNs: 2n ** 63n + 1n }, /start_time_unix_nano within/],
  ['an end after 2262', { endNs: 2n ** 64n - 1n }, /end_time_unix_nano within/],
  ['an event after 2262', { events: [{ timeNs: 2n ** 63n, name: 'e' }] }, /time_unix_nano within/],
  ['a link to nothing', { links: [{ traceId: '', spanId: '' }] }, /link's trace_id/],
  ['a value nested too deep', { attributes: { deep: nested(40) } }, /nested at most 32 deep/],
];

function nested(depth: number): Told {
  return depth === 0 ? 'end' : depth % 2 === 0 ? [nested(depth - 1)] : { in: nested(depth - 1) };
}

for (const [what, span, told] of BAD) {
  test(`${what}: that span is rejected and named, the others are taken`, () => {
    for (const [encoding, parsed] of both({ spans: [{ name: 'before' }, span, { name: 'after' }] })) {
      assert.deepEqual(
        parsed.spans.map(({ name }) => name),
        ['before', 'after'],
        encoding,
      );
      assert.equal(parsed.rejectedSpans, 1, encoding);
      assert.match(parsed.errorMessage, /^1 of 3 spans rejected: /, encoding);
      assert.match(parsed.errorMessage, told, encoding);
    }
  });
}

test('an id in no hex, a list for a text: that span alone', () => {
  for (const [field, value] of [
    ['traceId', 'z'.repeat(32)],
    ['traceId', [1]],
    ['name', 7],
    ['startTimeUnixNano', 'soon'],
    ['startTimeUnixNano', -5],
    ['startTimeUnixNano', 1.5],
    ['startTimeUnixNano', '9'.repeat(400)],
    ['attributes', {}],
    ['attributes', [7]],
    ['kind', {}],
    ['events', [null]],
  ] as const) {
    const body = jsonOf([{ spans: [{}, {}] }]) as { resourceSpans: [{ scopeSpans: [{ spans: object[] }] }] };
    Object.assign(body.resourceSpans[0].scopeSpans[0].spans[0], { [field]: value });
    const parsed = parseTraces(Buffer.from(JSON.stringify(body)), 'json', 't');
    assert.deepEqual([parsed.spans.length, parsed.rejectedSpans], [1, 1], `${field} ${JSON.stringify(value)}`);
  }
});

test('a span that ends before it starts is kept with no duration, and its sender is told', () => {
  for (const [, parsed] of both({ spans: [{ endNs: START_NS - 1n }, { endNs: 0n }, {}] })) {
    assert.deepEqual(
      parsed.spans.map(({ durationNs }) => durationNs),
      [0n, 0n, 250_000_000n],
    );
    assert.equal(parsed.rejectedSpans, 0);
    assert.match(parsed.errorMessage, /^2 spans end before they start/);
  }
});

test('a message about many faults stays short', () => {
  const spans = Array.from({ length: 1_000 }, () => ({ traceId: '', name: 'n'.repeat(10_000) }));
  for (const [, parsed] of both({ spans })) {
    assert.equal(parsed.rejectedSpans, 1_000);
    assert.match(parsed.errorMessage, /and 995 more$/);
    assert.ok(parsed.errorMessage.length < 2_000);
  }
});

test('half a surrogate pair becomes a character that can be stored', () => {
  const body = jsonOf([{ spans: [{ name: 'NAME' }] }]);
  const text = JSON.stringify(body).replace('NAME', 'a\\ud83d b \\ud83d\\ude00');
  assert.equal(parseTraces(Buffer.from(text), 'json', 't').spans[0].name, 'a\ufffd b \u{1f600}');
});

/** As the Python SDK 1.45 writes it, so that the contract is not only held to itself. */
const FROM_PYTHON = [
  'CscDCjEKGQoMc2VydmljZS5uYW1lEgkKB2Jvb2tpbmcKFAoJaG9zdC5uYW1lEgcKBXBvZC0xEpEDCg4KB3BpcGVjYXQSAzEuNxKr',
  'AgoQW47/95gDgQPSabYzgT/GDBII7uGbfsPBsXIiCO7hm37DwbFxKgNsbG0wAzkB4b9tp/x6GEED6W6dp/x6GEoZCgxtZXRyaWNz',
  'LnR0ZmISCSEAAAAAAADQP0oMCgZzdHJlYW0SAhABSiAKGWdlbl9haS51c2FnZS5pbnB1dF90b2tlbnMSAxiwCUoVCgVzdG9wcxIM',
  'KgoKAwoBYQoDCgFiShEKA2JpZxIKGIGAgICAgICAQFoyCYCTpnyn/HoYEg1nZW5fYWkuY2hvaWNlGhgKB2NvbnRlbnQSDQoLR3LD',
  'vMOfIGRpY2hqMQoQW47/95gDgQPSabYzgT/GDBIIqqqqqqqqqqoiDgoDd2h5EgcKBXJldHJ5NQABAAB6CBIEYm9vbRgChQEAAQAA',
  'ElEKEFuO//eYA4ED0mm2M4E/xgwSCO7hm37DwbFxKgR0dXJuMAE5AADKZ6f8ehhBAMpko6f8ehhKEQoLdHVybi5udW1iZXISAhgB',
  'egCFAQABAAA=',
].join('');

test('a request of the Python SDK', () => {
  const { spans, errorMessage } = parseTraces(Buffer.from(FROM_PYTHON, 'base64'), 'protobuf', 't');
  assert.equal(errorMessage, '');
  const [llm, turn] = spans;
  assert.deepEqual(llm, {
    tenant: 't',
    traceId: TRACE_ID,
    spanId: 'eee19b7ec3c1b172',
    parentSpanId: 'eee19b7ec3c1b171',
    traceState: '',
    name: 'llm',
    kind: 'Client',
    serviceName: 'booking',
    resourceAttributes: { 'service.name': 'booking', 'host.name': 'pod-1' },
    scopeName: 'pipecat',
    scopeVersion: '1.7',
    attributes: {
      'metrics.ttfb': '0.25',
      stream: 'true',
      'gen_ai.usage.input_tokens': '1200',
      stops: '["a","b"]',
      big: '4611686018427387905',
    },
    startNs: 1_764_000_000_100_000_001n,
    durationNs: 800_000_002n,
    statusCode: 'Error',
    statusMessage: 'boom',
    events: [
      { timeNs: 1_764_000_000_350_000_000n, name: 'gen_ai.choice', attributes: { content: 'Gr\u00fc\u00df dich' } },
    ],
    links: [{ traceId: TRACE_ID, spanId: 'aaaaaaaaaaaaaaaa', traceState: '', attributes: { why: 'retry' } }],
  });
  assert.deepEqual([turn.name, turn.parentSpanId, turn.attributes], ['turn', '', { 'turn.number': '1' }]);
});

test('an empty request is one', () => {
  assert.deepEqual(parseTraces(new Uint8Array(), 'protobuf', 't').spans, []);
  assert.deepEqual(parseTraces(Buffer.from('{}'), 'json', 't').spans, []);
});

test('what is no request is refused', () => {
  for (const text of ['', '[]', 'null', '"x"', '{"resourceSpans":{}}', '{"resourceSpans":[7]}', '{"a":', '\xff']) {
    assert.throws(() => parseTraces(Buffer.from(text, 'latin1'), 'json', 't'), { code: 'request_invalid' }, text);
  }
  assert.throws(() => parseTraces(Buffer.from('hello, world'), 'protobuf', 't'), { code: 'request_invalid' });
  const whole = protobufRequest(REQUEST);
  assert.throws(() => parseTraces(whole.subarray(0, whole.length - 3), 'protobuf', 't'), { code: 'request_invalid' });
});

test('nesting that would cost the stack is refused, and quickly', () => {
  const deepJson = `{"resourceSpans":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
  assert.throws(() => parseTraces(Buffer.from(deepJson), 'json', 't'), { code: 'request_invalid' });
  let value: Buffer = Buffer.alloc(0);
  for (let level = 0; level < 20_000; level += 1) value = inField(5, inField(1, value));
  const span = inField(9, Buffer.concat([inField(1, Buffer.from('deep')), inField(2, value)]));
  const request = inField(1, inField(2, inField(2, span)));
  const parsed = parseTraces(request, 'protobuf', 't');
  assert.deepEqual([parsed.spans.length, parsed.rejectedSpans], [0, 1]);
  assert.match(parsed.errorMessage, /recursion/);
  const resource = inField(1, Buffer.concat([inField(1, Buffer.from('deep')), inField(2, value)]));
  assert.throws(() => parseTraces(inField(1, inField(1, resource)), 'protobuf', 't'), { code: 'request_invalid' });
});

/** A message as a field of another. */
function inField(number: number, message: Buffer): Buffer {
  const header = [(number << 3) | 2];
  let length = message.length;
  for (; length > 127; length >>>= 7) header.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...header, length]), message]);
}

const bytes = fc.uint8Array({ maxLength: 400 });
const isTold = (read: () => ParsedTraces): void => {
  try {
    const { spans, rejectedSpans } = read();
    assert.ok(spans.length >= 0 && rejectedSpans >= 0);
  } catch (error) {
    assert.ok(error instanceof InvalidInput, String((error as Error).stack));
  }
};

test('any bytes are parsed or refused with a code', () => {
  fc.assert(
    fc.property(bytes, (body) => isTold(() => parseTraces(body, 'protobuf', 't'))),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(fc.json(), (body) => isTold(() => parseTraces(Buffer.from(body), 'json', 't'))));
});

test('a damaged request is parsed or refused with a code, never half read as something else', () => {
  const whole = { protobuf: protobufRequest(REQUEST, REQUEST), json: jsonRequest(REQUEST) } as const;
  const damage = fc.record({ encoding: fc.constantFrom('protobuf', 'json'), at: fc.nat(5_000), byte: fc.nat(255) });
  fc.assert(
    fc.property(damage, fc.constantFrom('cut', 'flip', 'insert'), ({ encoding, at, byte }, how) => {
      const body = Buffer.from(whole[encoding]);
      const place = at % body.length;
      const rest = body.subarray(how === 'insert' ? place : place + 1);
      const damaged =
        how === 'cut' ? body.subarray(0, place) : Buffer.concat([body.subarray(0, place), Buffer.of(byte), rest]);
      isTold(() => parseTraces(damaged, encoding, 't'));
    }),
    { numRuns: 3_000 },
  );
});

const told: fc.Arbitrary<Told> = fc.letrec<{ told: Told }>((tie) => ({
  told: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double(),
    fc.uint8Array({ maxLength: 20 }),
    fc.constant(null),
    fc.array(tie('told'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('told'), { maxKeys: 4 }),
  ),
})).told;

test('both encodings of the same request give the same spans', () => {
  const attributes = fc.dictionary(fc.string(), told, { maxKeys: 5 });
  const nanos = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const span = fc.record({
    spanId: fc.constantFrom('eee19b7ec3c1b174', '00', ''),
    name: fc.string({ unit: 'binary' }),
    kind: fc.nat(9),
    startNs: nanos,
    endNs: nanos,
    attributes,
    events: fc.array(fc.record({ timeNs: nanos, name: fc.string(), attributes }), { maxLength: 2 }),
    status: fc.record({ code: fc.nat(4), message: fc.string() }),
  });
  fc.assert(
    fc.property(attributes, fc.array(span, { maxLength: 4 }), (resource, spans) => {
      const [[, protobuf], [, json]] = both({ resource, spans });
      assert.deepEqual(json, protobuf);
    }),
    { numRuns: 500 },
  );
});

test('a span that is damaged within is rejected alone', () => {
  const good = protobufRequest({ spans: [{ name: 'good' }] });
  const damaged = inField(
    1,
    inField(2, Buffer.concat([inField(2, Buffer.from('hello, world')), inField(2, Buffer.of(255))])),
  );
  const parsed = parseTraces(Buffer.concat([good, damaged, good]), 'protobuf', 't');
  assert.deepEqual([parsed.spans.length, parsed.rejectedSpans], [2, 2]);
  assert.match(parsed.errorMessage, /a span in protobuf/);
});

test('a message written in pieces is one', () => {
  const attribute = (key: string) =>
    inField(1, Buffer.concat([inField(1, Buffer.from(key)), inField(2, inField(1, Buffer.from('x')))]));
  const resource = Buffer.concat([inField(1, attribute('a')), inField(1, attribute('b'))]);
  const spans = inField(
    2,
    inField(
      2,
      Buffer.concat([
        inField(1, Buffer.from(TRACE_ID, 'hex')),
        inField(2, Buffer.from('eee19b7ec3c1b174', 'hex')),
        Buffer.from([(7 << 3) | 1, 1, 0, 0, 0, 0, 0, 0, 0]),
      ]),
    ),
  );
  const [span] = parseTraces(inField(1, Buffer.concat([resource, spans])), 'protobuf', 't').spans;
  assert.deepEqual(span.resourceAttributes, { a: 'x', b: 'x' });
  assert.equal(span.startNs, 1n);
});

test('in turns it is the same, and others have theirs', async () => {
  const spans = Array.from({ length: 5_000 }, (_, index) => ({
    name: `n${index}`,
    traceId: index % 7 === 0 ? '' : TRACE_ID,
  }));
  for (const encoding of ['protobuf', 'json'] as const) {
    const body = encoding === 'json' ? jsonRequest({ spans }) : protobufRequest({ spans });
    let turns = 0;
    let isDone = false;
    const others = (): void => {
      turns += 1;
      if (!isDone) setImmediate(others);
    };
    setImmediate(others);
    const parsed = await parseTracesInTurns(body, encoding, 't');
    isDone = true;
    assert.deepEqual(parsed, parseTraces(body, encoding, 't'));
    assert.ok(turns >= 2, `${encoding}: ${turns} turns`);
  }
  await assert.rejects(parseTracesInTurns(Buffer.from('good morning'), 'json', 't'), { code: 'request_invalid' });
});

test('answers: nothing for whole success, a partial success or a status else, in the encoding asked in', () => {
  const whole = { rejectedSpans: 0, errorMessage: '' };
  assert.equal(traceResponse(whole, 'protobuf').byteLength, 0);
  assert.equal(Buffer.from(traceResponse(whole, 'json')).toString(), '{}');
  const partial = { rejectedSpans: 2, errorMessage: 'why' };
  const read = fromBinary(ExportTraceServiceResponseSchema, traceResponse(partial, 'protobuf'));
  assert.deepEqual([read.partialSuccess?.rejectedSpans, read.partialSuccess?.errorMessage], [2n, 'why']);
  assert.deepEqual(JSON.parse(Buffer.from(traceResponse(partial, 'json')).toString()), {
    partialSuccess: { rejectedSpans: '2', errorMessage: 'why' },
  });
  const status = fromBinary(StatusSchema, statusBody('UNAVAILABLE', 'later', 'protobuf'));
  assert.deepEqual([status.code, status.message], [14, 'later']);
  assert.deepEqual(JSON.parse(Buffer.from(statusBody('INVALID_ARGUMENT', 'no', 'json')).toString()), {
    code: 3,
    message: 'no',
  });
});

test('unpacking is bounded', async () => {
  const body = randomBytes(50_000);
  assert.deepEqual(Buffer.from(await gunzipBounded(gzipSync(body), 50_000)), body);
  await assert.rejects(gunzipBounded(gzipSync(body), 49_999), { code: 'message_too_large' });
  await assert.rejects(gunzipBounded(gzipSync(Buffer.alloc(100_000_000)), 1_000), { code: 'message_too_large' });
  await assert.rejects(gunzipBounded(body, 50_000), { code: 'request_invalid' });
  await assert.rejects(gunzipBounded(gzipSync(body).subarray(0, 100), 50_000), { code: 'request_invalid' });
});
