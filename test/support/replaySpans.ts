/** Sends a recorded session's spans again, as if it had just been: moved in time, otherwise as they were. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { parseTraces } from '../../adapters/otlp/parseTraces.ts';
import type { Span } from '../../core/spans/span.ts';

const NS_PER_MS = 1_000_000n;

/** `momentOf`: a time (Unix ns) of the recording that is to lie at `atWallMs`. */
export async function replaySpans(
  url: string,
  name: string,
  momentOf: (spans: readonly Span[]) => bigint,
  atWallMs: number,
): Promise<void> {
  const bytes = await readFile(join(packageRoot, 'test', 'recorded', name));
  const body = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
  const { spans } = parseTraces(body, body[0] === 0x7b ? 'json' : 'protobuf', 'default');
  const shiftNs = BigInt(Math.round(atWallMs)) * NS_PER_MS - momentOf(spans);
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: spans.map((span) => exported(span, shiftNs)) }),
  });
  if (!response.ok) throw new Error(`spans of ${name}: ${response.status} ${await response.text()}`);
}

const exported = (span: Span, shiftNs: bigint): object => ({
  resource: { attributes: keyValues({ ...span.resourceAttributes, 'service.name': span.serviceName }) },
  scopeSpans: [
    {
      scope: { name: span.scopeName, version: span.scopeVersion },
      spans: [
        {
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId,
          name: span.name,
          startTimeUnixNano: String(span.startNs + shiftNs),
          endTimeUnixNano: String(span.startNs + span.durationNs + shiftNs),
          attributes: keyValues(span.attributes),
        },
      ],
    },
  ],
});

const keyValues = (attributes: Readonly<Record<string, string>>): object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }));
