/** Every limit of the ingest side, with its reason. */
export interface IngestLimits {
  readonly callsMax: number;
  /** One message; 64 KiB hold 0.3 s of 48 kHz stereo and far more of telephone audio. */
  readonly messageBytesMax: number;
  /** A socket that has not said who it is by then is not one of ours. */
  readonly helloMsMax: number;
  /** A socket that says nothing for this long is dead, whatever TCP says. */
  readonly idleMsMax: number;
  readonly pingEveryMs: number;
  /** A client of our own protocol may come back within this time; then its call ends. */
  readonly resumeGraceMs: number;
  /** A channel that falls silent on the wire is waited for this long while the other goes on. */
  readonly lateMs: number;
  readonly callMsMax: number;
  /** A position this far ahead of what has come is a mistake, not a gap. */
  readonly jumpMsMax: number;
  readonly tickMs: number;
}

export const INGEST_LIMITS: IngestLimits = {
  callsMax: 500,
  messageBytesMax: 64 * 1_024,
  helloMsMax: 5_000,
  idleMsMax: 30_000,
  pingEveryMs: 20_000,
  resumeGraceMs: 30_000,
  lateMs: 1_000,
  callMsMax: 4 * 3_600_000,
  jumpMsMax: 10 * 60_000,
  tickMs: 100,
};
