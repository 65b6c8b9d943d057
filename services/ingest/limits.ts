/** Every limit of the ingest side, with its reason. */
export interface IngestLimits {
  /** Calls at once; more are refused before they harm the running ones. */
  readonly callsMax: number;
  /** New calls are refused while the analysis is further behind than this: they would harm the running ones. */
  readonly admitDelayMsMax: number;
  /** Sockets at once, as a multiple of the calls: one a call, and as many that come to take over or are being refused. */
  readonly socketsPerCallMax: number;
  /** One message; 64 KiB hold 0.3 s of 48 kHz stereo and far more of telephone audio. */
  readonly messageBytesMax: number;
  /** A message in tiny pieces costs memory for each piece; no client needs more than a few. */
  readonly fragmentsMax: number;
  readonly bufferedChunksMax: number;
  /** How long a peer may take to answer a close before its connection is cut. */
  readonly closeMsMax: number;
  /** A socket that has not said which call it is by then is not one of ours. */
  readonly helloMsMax: number;
  /** A socket that says nothing for this long is dead, whatever TCP says. */
  readonly idleMsMax: number;
  /** Often enough that a living client answers at least once within the idle limit. */
  readonly pingEveryMs: number;
  /** A client of our own protocol may come back within this time; then its call ends. */
  readonly resumeGraceMs: number;
  /** Whoever wants facts waits so long for the last ones when its call is over. */
  readonly lastFactsMsMax: number;
  /** A channel that falls silent on the wire is waited for this long while the other goes on. */
  readonly lateMs: number;
  /** Of media and of wall time: a longer call is a forgotten connection. */
  readonly callMsMax: number;
  /** A position this far ahead of what has come is a mistake, not a gap. */
  readonly jumpMsMax: number;
  /** No position lies beyond this, whatever came before it. */
  readonly positionMsMax: number;
  /** A call with more than this not yet durable is read in small sips, so that one burst cannot fill the bus for all. */
  readonly unackedBytesMax: number;
  /** A client that does not read its acknowledgements and facts is cut off, to come back, when this much waits for it. */
  readonly unsentBytesMax: number;
  /** The one clock of all calls and sockets. A paused socket is tried again at each tick, so it stays below 200 ms. */
  readonly tickMs: number;
}

export const INGEST_LIMITS: IngestLimits = {
  callsMax: 500,
  admitDelayMsMax: 5_000,
  socketsPerCallMax: 2,
  messageBytesMax: 64 * 1_024,
  fragmentsMax: 16,
  bufferedChunksMax: 1_024,
  closeMsMax: 2_000,
  helloMsMax: 5_000,
  idleMsMax: 30_000,
  pingEveryMs: 20_000,
  resumeGraceMs: 30_000,
  lastFactsMsMax: 10_000,
  lateMs: 1_000,
  callMsMax: 4 * 3_600_000,
  jumpMsMax: 10 * 60_000,
  positionMsMax: 24 * 3_600_000,
  unackedBytesMax: 8 * 1_024 * 1_024,
  unsentBytesMax: 1_024 * 1_024,
  tickMs: 100,
};
