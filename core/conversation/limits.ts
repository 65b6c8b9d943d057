/**
 * Every threshold of the conversation's definitions, in milliseconds or dB, with its reason. docs/definitions.md explains
 * them to users; they are part of DEFINITION_VERSION, so a change of one is a change of version.
 */
export interface ConversationLimits {
  /** Silero's probability from which a window is speech whatever the edge model says, and under which it is no speech. */
  readonly speechSure: number;
  readonly speechOff: number;
  /** Silero stays sure longer than a voice lasts, by so much at least. */
  readonly speechLateMs: number;
  /**
   * The edge model's probability from which frames may be a voice, and the one that a frame of their run has to reach, at
   * most so much later than the others: sounds that are none come near the first and seldom to the second.
   */
  readonly voiceMaybe: number;
  readonly voiceSure: number;
  readonly voiceWaitMs: number;
  /** On a clean line sound at the level of speech belongs to a voice this soon after it, or this shortly before it. */
  readonly onsetSearchMs: number;
  readonly offsetSearchMs: number;
  /** Sound this far under the speaker's own peaks, or not this far above the noise, is not heard as speech. */
  readonly belowPeakDb: number;
  readonly aboveNoiseDb: number;
  /** A channel whose noise lies under this is a clean digital line. */
  readonly cleanLineDbfs: number;
  /** Pauses shorter than this belong to a segment; segments shorter than the minimum are dropped. */
  readonly pauseMs: number;
  readonly segmentMsMin: number;
  /** Shorter intersections of both sides' speech are no event. */
  readonly overlapMsMin: number;
  /** A pause up to this long leaves the speaker within the same stretch of talk. */
  readonly resumeMs: number;
  /** The agent has to be silent this soon after the caller's onset to have yielded, and to stay silent this long. */
  readonly yieldMs: number;
  readonly yieldHoldMs: number;
  /** Less caller speech than this does not take the floor from an agent that speaks on. */
  readonly backchannelMsMax: number;
  /** An onset this close to the other's natural end is an overlap of turn ends, no interruption. */
  readonly turnEndMs: number;
  /** The caller has to go on at least this long after the agent's onset for it to be an interruption. */
  readonly agentInterruptsMsMin: number;
  readonly deadAirMs: number;
}

export const LIMITS: ConversationLimits = {
  speechSure: 0.8,
  speechOff: 0.1,
  speechLateMs: 60,
  voiceMaybe: 0.5,
  voiceSure: 0.85,
  voiceWaitMs: 300,
  onsetSearchMs: 200,
  offsetSearchMs: 250,
  belowPeakDb: 36,
  aboveNoiseDb: 6,
  cleanLineDbfs: -65,
  pauseMs: 200,
  segmentMsMin: 50,
  overlapMsMin: 100,
  resumeMs: 1_100,
  yieldMs: 2_000,
  yieldHoldMs: 800,
  backchannelMsMax: 1_000,
  turnEndMs: 150,
  agentInterruptsMsMin: 200,
  deadAirMs: 3_000,
};
