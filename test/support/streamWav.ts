/** Streams a WAV file to a service as fast as it takes it. */
import { connectEarshot, type EarshotClient } from '../../adapters/wire/earshotClient.ts';
import { readWav } from '../../adapters/wire/wavFile.ts';

export interface StreamOptions {
  readonly url: string;
  readonly path: string;
  readonly callId: string;
  /** Samples a message. */
  readonly samples?: number;
  readonly hello?: Record<string, unknown>;
  /** Called after each message with how many have been sent. */
  readonly onSent?: (client: EarshotClient, sent: number) => Promise<void> | void;
}

export async function streamWav({
  url,
  path,
  callId,
  samples = 160,
  hello = {},
  onSent,
}: StreamOptions): Promise<void> {
  const wav = await readWav(path);
  const client = connectEarshot({
    url,
    hello: { callId, encoding: wav.encoding, rateHz: wav.rateHz, layout: 'interleaved', ...hello },
    reconnectsMax: 100,
  });
  await client.ready;
  let position = 0;
  let sent = 0;
  for await (const payload of wav.chunks(samples)) {
    client.sendAudio('both', position, payload);
    position += samples;
    sent += 1;
    await onSent?.(client, sent);
  }
  await client.bye();
}
