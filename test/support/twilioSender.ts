/** The messages that Twilio sends for a call: both tracks of a fork, 20 ms of mu-law each, numbers as strings. */
export interface TwilioCall {
  readonly callSid: string;
  readonly streamSid: string;
  /** mu-law, 8 kHz, of equal length. */
  readonly inbound: Uint8Array;
  readonly outbound: Uint8Array;
  readonly customParameters?: Readonly<Record<string, string>>;
}

const CHUNK_BYTES = 160;

export function twilioMessages({ callSid, streamSid, inbound, outbound, customParameters = {} }: TwilioCall): string[] {
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
        timestamp: String((chunk - 1) * 20 + ((chunk * 7) % 5)),
        payload: Buffer.from(audio.subarray((chunk - 1) * CHUNK_BYTES, chunk * CHUNK_BYTES)).toString('base64'),
      },
    });
  const start = {
    event: 'start',
    start: {
      accountSid: 'AC0123456789',
      callSid,
      streamSid,
      tracks: ['inbound', 'outbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters,
    },
  };
  const chunks = Math.floor(Math.min(inbound.length, outbound.length) / CHUNK_BYTES);
  const medias = Array.from({ length: chunks }, (_, i) => [
    media('inbound', inbound, i + 1),
    media('outbound', outbound, i + 1),
  ]);
  return [
    JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }),
    numbered(start),
    ...medias.flat(),
    numbered({ event: 'stop', stop: { accountSid: 'AC0123456789', callSid } }),
  ];
}
