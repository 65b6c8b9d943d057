/**
 * All that is known of one call when what others report is joined with what was heard. A set: the order of its lists and the
 * order in which they came mean nothing, so the same input gives the same output whatever came first.
 */
import type { Score } from '../events/score.ts';
import type { SpeechEvent } from '../events/speechEvent.ts';
import type { InterruptionOutcome } from '../facts/facts.ts';
import type { Request } from '../spans/request.ts';
import type { Channel } from '../units/channel.ts';
import type { SampleIndex } from '../units/time.ts';

/** A moment of the timeline and its wall time on Earshot's clock, as estimated while the call ran. */
export interface Anchor {
  readonly sample: SampleIndex;
  readonly wallMs: number;
}

export interface HeardSpeech {
  readonly channel: Channel;
  readonly startSample: SampleIndex;
  readonly endSample: SampleIndex;
}

/** A turn as heard; `endSample` is null while it goes on. */
export interface HeardTurn {
  readonly channel: Channel;
  readonly turnIndex: number;
  readonly startSample: SampleIndex;
  readonly endSample: SampleIndex | null;
}

/** From the caller's end to the agent's onset. */
export interface HeardResponse {
  readonly startSample: SampleIndex;
  readonly endSample: SampleIndex;
}

export interface HeardInterruption {
  readonly by: Channel;
  readonly outcome: InterruptionOutcome;
  readonly onsetSample: SampleIndex;
  /** Where the interrupted side fell silent; null where it did not within the time for it. */
  readonly stopSample: SampleIndex | null;
}

export interface JoinInput {
  readonly tenant: string;
  readonly callId: string;
  readonly state: 'live' | 'ended';
  /** In the order of the timeline, at least one. */
  readonly anchors: readonly Anchor[];
  /** How far the call has been heard. */
  readonly endSample: SampleIndex;
  readonly speech: readonly HeardSpeech[];
  readonly turns: readonly HeardTurn[];
  readonly responses: readonly HeardResponse[];
  readonly interruptions: readonly HeardInterruption[];
  readonly events: readonly SpeechEvent[];
  readonly requests: readonly Request[];
  readonly scores: readonly Score[];
}
