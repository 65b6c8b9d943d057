/** Recordings as calls: one stereo file, or one file a side. */
import { basename } from 'node:path';
import { stat } from 'node:fs/promises';
import { readWav, type WavFile } from '../adapters/wire/wavFile.ts';
import type { CallMessage } from '../core/audio/message.ts';
import type { OpenCall } from '../core/facts/openCall.ts';
import { InvalidInput } from '../core/units/errors.ts';

export interface Recording {
  readonly open: OpenCall;
  readonly isTruncated: boolean;
  readonly durationMs: number;
  messages(): AsyncGenerator<CallMessage>;
}

export interface RecordingOptions {
  readonly tenant: string;
  readonly agentVersion: string;
  readonly callerChannel: 'left' | 'right';
}

export async function stereoRecording(path: string, options: RecordingOptions): Promise<Recording> {
  const wav = await readWav(path);
  if (wav.channelCount !== 2) {
    throw new InvalidInput('channels_unsupported', {
      expected: `two channels in ${path}: turn-taking is measured between the caller's side and the agent's`,
      got: `${wav.channelCount}; two mono files go with --caller FILE --agent FILE`,
    });
  }
  const open = { ...(await openCallOf(path, wav, options)), layout: 'interleaved' as const };
  return {
    open,
    isTruncated: wav.isTruncated,
    durationMs: wav.durationMs,
    messages: () => lane(wav, 'both', open.startedAtMs),
  };
}

export async function twoFileRecording(caller: string, agent: string, options: RecordingOptions): Promise<Recording> {
  const sides = [await readWav(caller), await readWav(agent)];
  const [first, second] = sides;
  if (first.channelCount !== 1 || second.channelCount !== 1) {
    throw new InvalidInput('channels_unsupported', {
      expected: 'one channel in each of the two files',
      got: sides.map((wav) => wav.channelCount).join(' and '),
    });
  }
  if (first.rateHz !== second.rateHz || first.encoding !== second.encoding) {
    throw new InvalidInput('rate_unsupported', {
      expected: 'both files with the same rate and samples',
      got: sides.map((wav) => `${wav.rateHz} Hz ${wav.encoding}`).join(' and '),
    });
  }
  const opened = await openCallOf(caller, first, options);
  return {
    open: { ...opened, layout: 'separate', channelOrder: ['caller', 'agent'] },
    isTruncated: sides.some((wav) => wav.isTruncated),
    durationMs: Math.max(first.durationMs, second.durationMs),
    async *messages() {
      const lanes = [lane(first, 'caller', opened.startedAtMs), lane(second, 'agent', opened.startedAtMs)];
      while (lanes.length > 0) {
        for (const side of [...lanes]) {
          const next = await side.next();
          if (next.done === true) lanes.splice(lanes.indexOf(side), 1);
          else yield next.value;
        }
      }
    },
  };
}

export function channelSide(text: string): 'left' | 'right' {
  if (text === 'left' || text === 'right') return text;
  throw new InvalidInput('request_invalid', { expected: '--caller-channel left or right', got: text });
}

/** About a second a message, arriving when its last sample was spoken. */
async function* lane(
  wav: WavFile,
  name: 'both' | 'caller' | 'agent',
  startedAtMs: number,
): AsyncGenerator<CallMessage> {
  const sampleBytes = wav.encoding === 'pcm_s16le' ? 2 : 1;
  let position = 0;
  for await (const payload of wav.chunks(wav.rateHz)) {
    const end = position + payload.byteLength / (sampleBytes * wav.channelCount);
    const arrivedAtMs = startedAtMs + (end * 1_000) / wav.rateHz;
    yield { type: 'audio', lane: name, position, payload, arrivedAtMs };
    position = end;
  }
}

/** A recording's own time is when its file was last written, less its length. */
async function openCallOf(path: string, wav: WavFile, options: RecordingOptions): Promise<OpenCall> {
  const { mtimeMs } = await stat(path);
  return {
    tenant: options.tenant,
    callId: basename(path).replace(/\.wav$/i, ''),
    protocol: 'file',
    startedAtMs: Math.round(mtimeMs - wav.durationMs),
    encoding: wav.encoding,
    rateHz: wav.rateHz,
    layout: 'interleaved',
    channelOrder: options.callerChannel === 'left' ? ['caller', 'agent'] : ['agent', 'caller'],
    agentPlacement: 'media',
    tap: 'heard',
    agentVersion: options.agentVersion,
    traceId: '',
    labels: {},
    providerIds: { file: basename(path) },
  };
}
