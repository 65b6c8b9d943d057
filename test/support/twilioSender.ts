/**
 * The messages that Twilio sends for a call: both tracks of a fork, 20 ms of mu-law each, numbers as strings; on a good
 * day, or with chunks lost, swapped and doubled as a seed has it.
 */
export interface TwilioCall {
  readonly callSid: string;
  readonly streamSid: string;
  /** mu-law, 8 kHz, of equal length. */
  readonly inbound: Uint8Array;
  readonly outbound: Uint8Array;
  readonly customParameters?: Readonly<Record<string, string>>;
  readonly faults?: TwilioFaults;
}

/** Shares are probabilities of each media message, 0 to 1. */
export interface TwilioFaults {
  readonly seed: number;
  readonly dropShare?: number;
  readonly duplicateShare?: number;
  /** A message changes places with one of the next six. */
  readonly reorderShare?: number;
}

const CHUNK_BYTES = 160;
const CHUNK_MS = 20;
const REORDER_MAX = 6;

export function twilioMessages(call: TwilioCall): string[] {
  const { callSid, streamSid, inbound, outbound, customParameters = {}, faults } = call;
  let sequenceNumber = 0;
  const numbered = (message: object): string => {
    sequenceNumber += 1;
    return JSON.stringify({ ...message, sequenceNumber: String(sequenceNumber), streamSid });
  };
  const media = (track: string, audio: Uint8Array, chunk: number): string =>
    numbered({
      event: 'media',
      media: {
        track,
        chunk: String(chunk),
        // Twilio stamps a chunk when it handles it, so the stamp is a few milliseconds off its place.
        timestamp: String((chunk - 1) * CHUNK_MS + ((chunk * 7) % 5)),
        payload: Buffer.from(audio.subarray((chunk - 1) * CHUNK_BYTES, chunk * CHUNK_BYTES)).toString('base64'),
      },
    });
  const start = numbered({
    event: 'start',
    start: {
      accountSid: 'AC0123456789',
      callSid,
      streamSid,
      tracks: ['inbound', 'outbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters,
    },
  });
  const chunks = Math.floor(Math.min(inbound.length, outbound.length) / CHUNK_BYTES);
  const medias = Array.from({ length: chunks }, (_, i) => [
    media('inbound', inbound, i + 1),
    media('outbound', outbound, i + 1),
  ]).flat();
  return [
    JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }),
    start,
    ...(faults === undefined ? medias : disturbed(medias, faults)),
    numbered({ event: 'stop', stop: { accountSid: 'AC0123456789', callSid } }),
  ];
}

function disturbed(messages: readonly string[], faults: TwilioFaults): string[] {
  const { seed, dropShare = 0, duplicateShare = 0, reorderShare = 0 } = faults;
  const random = randomOf(seed);
  const sent = messages.flatMap((message) => {
    if (random() < dropShare) return [];
    return random() < duplicateShare ? [message, message] : [message];
  });
  for (let i = 0; i < sent.length; i += 1) {
    if (random() >= reorderShare) continue;
    const other = Math.min(sent.length - 1, i + 1 + Math.floor(random() * REORDER_MAX));
    [sent[i], sent[other]] = [sent[other], sent[i]];
  }
  return sent;
}

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
