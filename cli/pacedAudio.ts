/** Hands out a recording 20 ms at a time, when they are due by the clock: as a live call comes. */
import type { WavFile } from '../adapters/wire/wavFile.ts';

const MESSAGE_MS = 20;

export async function pacedAudio(
  wav: WavFile,
  speed: number,
  send: (position: number, payload: Uint8Array) => void,
): Promise<void> {
  const frames = (wav.rateHz * MESSAGE_MS) / 1_000;
  const startedAt = performance.now();
  let position = 0;
  for await (const payload of wav.chunks(frames)) {
    const dueMs = (position * 1_000) / wav.rateHz / speed;
    const aheadMs = dueMs - (performance.now() - startedAt);
    if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    send(position, payload);
    position += frames;
  }
}
