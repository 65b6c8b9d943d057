/** Pipecat's metrics messages: lists by kind, each entry naming the processor that it is of, all durations in seconds. */
import type { EventType, ReportedEvent } from '../../core/events/speechEvent.ts';
import { amountAt, boundedList, idAt, LIMITS, objectsAt, type Json } from './json.ts';
import { event, known } from './mapper.ts';

/** Whether the first token and the first audio of the present answer have been told. */
export interface Firsts {
  token: boolean;
  audio: boolean;
}

type Service = 'llm' | 'tts' | 'stt' | 'other';

export function pipecatMetrics(data: Json | undefined, firsts: Firsts): ReportedEvent[] {
  const entries = (kind: string): readonly Json[] =>
    boundedList(objectsAt(data, kind), `entries of ${kind}`, LIMITS.entries);
  return [
    ...entries('ttfb').flatMap((entry) => firstByte(entry, firsts)),
    ...entries('processing').flatMap(processing),
    ...entries('tokens').flatMap(tokens),
    ...entries('characters').flatMap((entry) => figures(entry, { 'tts.characters': positive(entry, 'value') })),
    ...entries('ttfa').flatMap((entry) =>
      figures(entry, {
        'tts.ttfa': positive(entry, 'ttfa'),
        'tts.leading_silence': positive(entry, 'leading_silence'),
      }),
    ),
  ];
}

/** Pipelines open with zeros for every processor: nothing was measured. */
function positive(entry: Json, name: string): number | undefined {
  const value = amountAt(entry, name);
  return value === 0 ? undefined : value;
}

/** Sent at the first byte itself, so it tells the moment; an STT counts to its final transcript. */
function firstByte(entry: Json, firsts: Firsts): ReportedEvent[] {
  const value = positive(entry, 'value');
  if (value === undefined) return [];
  switch (serviceOf(entry)) {
    case 'llm':
      return figures(entry, { 'llm.ttft': value }, told(firsts, 'token') ? 'metrics' : 'llm_first_token');
    case 'tts':
      return figures(entry, { 'tts.ttfb': value }, told(firsts, 'audio') ? 'metrics' : 'tts_first_audio');
    case 'stt':
      return figures(entry, { 'stt.transcription_delay': value });
    case 'other':
      return figures(entry, { 'processor.ttfb': value });
  }
}

function told(firsts: Firsts, which: keyof Firsts): boolean {
  const before = firsts[which];
  firsts[which] = true;
  return before;
}

function processing(entry: Json): ReportedEvent[] {
  const value = positive(entry, 'value');
  const service = serviceOf(entry);
  return figures(entry, { [service === 'other' ? 'processor.duration' : `${service}.duration`]: value });
}

const tokens = (entry: Json): ReportedEvent[] =>
  figures(entry, {
    'llm.input_tokens': positive(entry, 'prompt_tokens'),
    'llm.output_tokens': positive(entry, 'completion_tokens'),
    'llm.cached_tokens': positive(entry, 'cache_read_input_tokens'),
  });

function figures(
  entry: Json,
  values: Readonly<Record<string, number | undefined>>,
  type: EventType = 'metrics',
): ReportedEvent[] {
  const metrics = known(values);
  if (Object.keys(metrics).length === 0) return [];
  const processor = idAt(entry, 'processor');
  const service = serviceOf(entry);
  return [
    event(type, {
      role: service === 'tts' ? 'agent' : undefined,
      provider: providerOf(processor),
      model: idAt(entry, 'model'),
      metrics,
      attributes: known({ processor }),
    }),
  ];
}

const SERVICE = /^(\w+?)(LLM|TTS|STT)Service/;

/** Processors are named after their class and counted: CartesiaTTSService#0. */
const serviceOf = (entry: Json): Service =>
  (SERVICE.exec(idAt(entry, 'processor'))?.[2].toLowerCase() as Service | undefined) ?? 'other';

const providerOf = (processor: string): string => SERVICE.exec(processor)?.[1].toLowerCase() ?? '';
