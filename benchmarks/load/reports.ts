/**
 * How fast reports are taken, and how soon they can be asked for: batches of events by JSON and protobuf, spans by OTLP, at full
 * speed over HTTP into the whole service with its embedded store; and beside a calm stream of one batch every 100 ms, the delay from
 * sending an event to its row by SQL.
 *
 *     npm run bench:reports
 */
import { gzipSync } from 'node:zlib';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { encodeEventBatch } from '../../adapters/events/wireBatch.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import { readConfig } from '../../services/config.ts';
import { startServices, type RunningService } from '../../services/main.ts';
import { machineOf } from '../machine.ts';

const BATCHES = 200;
const BATCH_SIZE = 100;
const IN_FLIGHT = 8;
const CALM_BATCHES = 100;
const CALM_EVERY_MS = 100;

interface Post {
  readonly path: string;
  readonly type: string;
  readonly encoding?: string;
  readonly body: Uint8Array;
}

const words = ['well', 'I', 'would', 'like', 'to', 'book', 'a', 'room', 'please'].map((text, index) => ({
  text,
  startMs: index * 200,
  endMs: index * 200 + 180,
  confidence: 0.9,
}));

const eventsOf = (batch: number, callKey: string) =>
  Array.from({ length: BATCH_SIZE }, (_, index) =>
    eventOf(
      {
        id: `${callKey}-${batch}-${index}`,
        type: 'stt_final',
        role: 'caller',
        occurredAtMs: Date.now(),
        text: 'well I would like to book a room please',
        words,
        startMs: 0,
        endMs: 1_800,
      },
      { tenant: 'default', callKey, source: 'bench', receivedAtMs: Date.now() },
    ),
  );

const jsonEvents = (batch: number): Post => {
  const events = eventsOf(batch, 'json').map(
    ({ callKey, occurredAtMs, id, type, role, source, text, startMs, endMs }) => ({
      eventId: id,
      callId: callKey,
      occurredAt: new Date(occurredAtMs ?? 0).toISOString(),
      type,
      role,
      source,
      text,
      words,
      startMs,
      endMs,
    }),
  );
  return { path: '/v1/events', type: 'application/json', body: Buffer.from(JSON.stringify({ events })) };
};

const protobufEvents = (batch: number): Post => ({
  path: '/v1/events',
  type: 'application/x-protobuf',
  body: encodeEventBatch(eventsOf(batch, 'protobuf')),
});

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

const spans = (batch: number): Post => {
  const startNs = BigInt(Date.now()) * 1_000_000n;
  const attributes = [
    { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
    { key: 'gen_ai.request.model', value: { stringValue: 'gpt-4.1-mini' } },
    { key: 'gen_ai.usage.input_tokens', value: { intValue: '900' } },
    { key: 'gen_ai.conversation.id', value: { stringValue: 'spans' } },
  ];
  const list = Array.from({ length: BATCH_SIZE }, (_, index) => ({
    traceId: hex(batch + 1, 32),
    spanId: hex(batch * BATCH_SIZE + index + 1, 16),
    name: 'chat gpt-4.1-mini',
    kind: 3,
    startTimeUnixNano: `${startNs}`,
    endTimeUnixNano: `${startNs + 800_000_000n}`,
    attributes,
  }));
  const body = {
    resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: 'bench' }, spans: list }] }],
  };
  return { path: '/v1/traces', type: 'application/json', encoding: 'gzip', body: gzipSync(JSON.stringify(body)) };
};

async function post(url: string, { path, type, encoding, body }: Post): Promise<void> {
  for (;;) {
    const headers = { 'content-type': type, ...(encoding === undefined ? {} : { 'content-encoding': encoding }) };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: Buffer.from(body) });
    const answer = await response.text();
    if (response.ok) return;
    if (response.status !== 503) throw new Error(`${path}: ${response.status} ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Things a second, made durable. */
async function rateOf(url: string, posts: readonly Post[]): Promise<number> {
  const startedMs = performance.now();
  const queue = [...posts];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await post(url, next);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (posts.length * BATCH_SIZE * 1_000) / (performance.now() - startedMs);
}

/** From before the request to the moment at which a query started after its answer has the row: milliseconds. */
async function delaysOf(service: RunningService): Promise<number[]> {
  const delays: number[] = [];
  for (let batch = 0; batch < CALM_BATCHES; batch += 1) {
    const sentMs = performance.now();
    await post(service.url, jsonEvents(BATCHES + batch));
    const result = await service.store.reading.query({
      query: 'SELECT count() AS n FROM earshot.reported_events WHERE id = {id:String}',
      query_params: { id: `json-${BATCHES + batch}-0` },
      format: 'JSONEachRow',
    });
    const [{ n }] = await result.json<{ n: string | number }>();
    if (Number(n) !== 1) throw new Error('an answer of 200 came before the row');
    delays.push(performance.now() - sentMs);
    await new Promise((resolve) => setTimeout(resolve, CALM_EVERY_MS));
  }
  return delays.sort((a, b) => a - b);
}

const dataDir = await mkdtemp(join(tmpdir(), 'earshot-reports-'));
const config = { ...readConfig({}), port: 0, otlpGrpcPort: 0, store: { kind: 'embedded', dataDir } as const };
const service = await startServices(config, pino({ level: 'warn' }));
const batches = (make: (batch: number) => Post): Post[] => Array.from({ length: BATCHES }, (_, batch) => make(batch));
await rateOf(service.url, batches(jsonEvents).slice(0, 20));
const result = {
  ...machineOf(),
  batchSize: BATCH_SIZE,
  eventsPerSecondJson: Math.round(await rateOf(service.url, batches(jsonEvents))),
  eventsPerSecondProtobuf: Math.round(await rateOf(service.url, batches(protobufEvents))),
  spansPerSecondJsonGzip: Math.round(await rateOf(service.url, batches(spans))),
  delayMs: {} as Record<string, number>,
};
const delays = await delaysOf(service);
result.delayMs = {
  p50: Math.round(delays[Math.floor(delays.length * 0.5)]),
  p99: Math.round(delays[Math.floor(delays.length * 0.99)]),
};
await service.close();
await rm(dataDir, { recursive: true, force: true });
console.log(result);
await writeFile(join(packageRoot, 'benchmarks', 'load', 'reports.result.json'), `${JSON.stringify(result, null, 2)}\n`);
