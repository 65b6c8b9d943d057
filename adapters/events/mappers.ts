/** Every source whose messages Earshot reads, by the name under which they are posted (POST /v1/events/:source). */
import { createAssemblyaiMapper } from './assemblyai.ts';
import { createCartesiaMapper } from './cartesia.ts';
import { createDeepgramMapper } from './deepgram.ts';
import { createElevenlabsMapper } from './elevenlabs.ts';
import { enveloped } from './envelope.ts';
import { createLivekitAgentsMapper } from './livekitAgents.ts';
import type { EventMapper } from './mapper.ts';
import { createOpenaiRealtimeMapper } from './openaiRealtime.ts';
import { createPipecatMapper } from './pipecat.ts';
import { createRetellMapper } from './retell.ts';
import { createVapiMapper } from './vapi.ts';

export const SOURCES = [
  'deepgram',
  'assemblyai',
  'elevenlabs',
  'cartesia',
  'openai-realtime',
  'livekit-agents',
  'pipecat',
  'vapi',
  'retell',
] as const;
export type SourceName = (typeof SOURCES)[number];

/** A mapper for each stream: it may keep a little of what it saw. */
export const MAPPERS: Readonly<Record<SourceName, () => EventMapper>> = {
  deepgram: () => enveloped(createDeepgramMapper()),
  assemblyai: () => enveloped(createAssemblyaiMapper()),
  elevenlabs: () => enveloped(createElevenlabsMapper()),
  cartesia: () => enveloped(createCartesiaMapper()),
  'openai-realtime': () => enveloped(createOpenaiRealtimeMapper()),
  'livekit-agents': () => enveloped(createLivekitAgentsMapper()),
  pipecat: () => enveloped(createPipecatMapper()),
  vapi: () => enveloped(createVapiMapper()),
  retell: () => enveloped(createRetellMapper()),
};
