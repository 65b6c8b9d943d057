/** Recorded-shape messages of speech services (adapters/events/fixtures), run through their mappers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MapperContext } from '../../adapters/events/mapper.ts';
import { MAPPERS, type SourceName } from '../../adapters/events/mappers.ts';
import { packageRoot } from '../../adapters/packageRoot.ts';
import type { ReportedEvent } from '../../core/events/speechEvent.ts';

export const FIXTURES: readonly { readonly name: string; readonly source: SourceName }[] = [
  { name: 'deepgram', source: 'deepgram' },
  { name: 'deepgram-flux', source: 'deepgram' },
  { name: 'assemblyai', source: 'assemblyai' },
  { name: 'elevenlabs', source: 'elevenlabs' },
  { name: 'cartesia', source: 'cartesia' },
  { name: 'openai-realtime', source: 'openai-realtime' },
  { name: 'livekit-agents', source: 'livekit-agents' },
  { name: 'livekit-agents-js', source: 'livekit-agents' },
  { name: 'pipecat', source: 'pipecat' },
  { name: 'vapi', source: 'vapi' },
  { name: 'retell', source: 'retell' },
];

export const CONTEXT: MapperContext = { role: '', receivedAtMs: 1_790_000_100_000, callKey: 'c1' };

export const messagesOf = (name: string): readonly unknown[] =>
  JSON.parse(readFileSync(join(packageRoot, 'adapters', 'events', 'fixtures', `${name}.json`), 'utf8')) as unknown[];

export function mapped(
  source: SourceName,
  messages: readonly unknown[],
  context: Partial<MapperContext> = {},
): readonly ReportedEvent[] {
  const mapper = MAPPERS[source]();
  return messages.flatMap((message) => mapper.map(message, { ...CONTEXT, ...context }));
}

type Field = 'role' | 'occurredAtMs' | 'startMs' | 'endMs' | 'text' | 'streamId' | 'segmentId' | 'itemId' | 'requestId';

/** A line an event, for reading: its type and the fields that are asked for. */
export const lines = (
  events: readonly ReportedEvent[],
  ...fields: readonly (Field | 'turnId' | 'turnIndex' | 'callKey')[]
): readonly string[] => events.map((event) => [event.type, ...fields.map((field) => event[field] ?? '-')].join(' '));

/** The same with wall times as ms since the fixtures' first moment. */
export const timed = (
  events: readonly ReportedEvent[],
  ...fields: readonly (Field | 'turnId' | 'turnIndex')[]
): readonly string[] =>
  lines(
    events.map((event) => ({
      ...event,
      occurredAtMs:
        typeof event.occurredAtMs === 'number' ? Math.round(event.occurredAtMs - FIXTURE_START_MS) : undefined,
    })),
    'occurredAtMs',
    ...fields,
  );

export const FIXTURE_START_MS = 1_790_000_000_000;
