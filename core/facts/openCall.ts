/** What is known of a call before its first sample: who it is, how its audio is coded, and where it was tapped. */

export const ENCODINGS = ['mulaw', 'alaw', 'pcm_s16le'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The sampling rates that a live stream may have; recordings may have any of these too. */
export const STREAM_RATES_HZ = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] as const;

/** Where on its way to the caller the agent's audio was taken. */
export const TAPS = ['generated', 'sent', 'heard'] as const;
export type Tap = (typeof TAPS)[number];

export const PROTOCOLS = ['earshot', 'twilio', 'file'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface OpenCall {
  readonly tenant: string;
  readonly callId: string;
  readonly protocol: Protocol;
  /** Wall time (Unix ms, UTC) at which the call was opened; it names the call's partition and never changes. */
  readonly startedAtMs: number;
  readonly encoding: Encoding;
  readonly rateHz: number;
  /**
   * `interleaved`: each audio message holds both channels, sample by sample. `separate`: each message holds one channel.
   */
  readonly layout: 'interleaved' | 'separate';
  /** The channels in the order of the interleaved samples: ['caller', 'agent'] unless the source says otherwise. */
  readonly channelOrder: readonly ['caller', 'agent'] | readonly ['agent', 'caller'];
  /**
   * How the agent's audio finds its place. `media`: by the media timestamp of each message. `playout`: it is queued for
   * playing, perhaps faster than real time, and lands where it is played (needs layout `separate`).
   */
  readonly agentPlacement: 'media' | 'playout';
  readonly tap: Tap;
  readonly agentVersion: string;
  readonly traceId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The provider's own names of this call (callSid, streamSid, room...), by which spans and events may refer to it. */
  readonly providerIds: Readonly<Record<string, string>>;
}
