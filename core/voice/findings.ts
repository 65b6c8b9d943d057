/** What is found on one voice. `gibberish` and `loop` have the form of facts (`OnChannel`), final when told. */
import type { Channel } from '../units/channel.ts';
import { asSampleIndex, type SampleIndex } from '../units/time.ts';

interface VoiceSpan {
  readonly status: 'final';
  readonly revision: number;
  readonly channel: Channel;
  readonly startSample: SampleIndex;
  readonly endSample: SampleIndex;
}

/** Speech-like sound that nobody would understand: mean intelligibility over the stretch, 0..1. */
export type GibberishFinding = VoiceSpan & { readonly kind: 'gibberish'; readonly intelligibility: number };

/** The same grain of sound again and again: the whole stretch, its first playing included. */
export type LoopFinding = VoiceSpan & { readonly kind: 'loop'; readonly periodSamples: number };

/** Holes of digital silence torn into speech. The stretch is the time over which the fault acted, as the holes tell it. */
export type DropoutFinding = VoiceSpan & {
  readonly kind: 'dropout';
  readonly silentSamples: number;
  readonly holes: number;
};

export const voiceSpan = (channel: Channel, startSample: number, endSample: number): VoiceSpan => ({
  status: 'final',
  revision: 1,
  channel,
  startSample: asSampleIndex(Math.max(0, Math.round(startSample))),
  endSample: asSampleIndex(Math.round(endSample)),
});
