/**
 * The bus port: one ordered log of messages per call, and a feed of facts. Memory and Kafka implement it.
 * Only two things flow back through it: "busy" (publish throws) and "acknowledged" (publish resolves).
 */
import type { CallMessage } from '../../core/audio/message.ts';
import type { Score } from '../../core/events/score.ts';
import type { SpeechEvent, Word } from '../../core/events/speechEvent.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { Span } from '../../core/spans/span.ts';

/** One message of a call's log. Messages with a seq that was already taken are repeats and change nothing. */
export interface LogEntry {
  readonly tenant: string;
  readonly callId: string;
  /**
   * Position in the sender's numbering: 0, 1, 2... without holes, `open` being -1. Messages that ingest makes itself
   * (`advance`, `close` of a vanished client) carry the seq of the last sender message before them and `own: true`.
   */
  readonly seq: number;
  readonly own: boolean;
  /**
   * Who of ingest wrote it: an id of the session that had the call then. A call may have moved to another process while the
   * one before still believes to have it, so of what ingest makes itself only the session that opened the call last is heard.
   * The analysis ends a call of which nothing came for long under a name that is made of that session's.
   */
  readonly session: string;
  readonly message: CallMessage;
}

/** An entry as it is handed out. */
export interface TakenEntry extends LogEntry {
  /** Where it lies in the bus: rises within a call, and means nothing to anybody but the bus. */
  readonly position: number;
}

/** What others report of any calls of one tenant, in no order: each piece has an id, so that sending it again is harmless. */
export interface Reports {
  readonly tenant: string;
  readonly events: readonly SpeechEvent[];
  readonly spans: readonly Span[];
  readonly scores: readonly Score[];
}

/** The text of an event that was stored without it. */
export interface HeldText {
  readonly tenant: string;
  /** The name of the call that the event was reported under. */
  readonly callKey: string;
  readonly eventId: string;
  readonly text: string;
  readonly words: readonly Word[];
}

/** To the process that joins a call: something was recorded of it elsewhere, and this is what the store lacks of it. */
export interface CallNotice extends CallName {
  readonly texts: readonly HeldText[];
}

/** Whether a call of this name is one that this process joins. Nothing depends on it being right at every moment. */
export type IsMine = (tenant: string, callKey: string) => boolean;
/** Of a process that shares with nobody. */
export const ALL_MINE: IsMine = () => true;

/** Both resolve when what they were given is durable; they throw or reject with `Busy`, having taken nothing, while there is no room. */
export interface ReportConsumer {
  /** Events and scores come to the process that joins the call of their name; spans to any. */
  take(reports: Reports): Promise<void>;
  notice(notice: CallNotice): Promise<void>;
  /** Which calls are this process's from now on; none before. Called again when shares change. */
  owned(isMine: IsMine): void;
}

export interface Bus {
  /**
   * Appends to the call's log. Resolves when the message cannot be lost any more: for the memory bus when the consumer
   * has committed it (its rows and the call's state are durable), for Kafka when all replicas have it.
   * Throws `Busy` at once, having taken nothing, while the byte bound is reached.
   */
  publish(entry: LogEntry): Promise<void>;
  /** Starts handing out entries, in order within a call, each call to one consumer. One consumer a process. */
  consume(consumer: LogConsumer): void;
  /** What was handed out of this call up to and with the entry at this position is durable. */
  commit(tenant: string, callId: string, position: number): void;

  /** Resolves when the reports cannot be lost any more. Throws `Busy` as `publish` does. */
  publishReports(reports: Reports): Promise<void>;
  /** One consumer a process. */
  consumeReports(consumer: ReportConsumer): void;
  /** Hands notices to the processes that join the calls. Resolves when they cannot be lost any more; throws `Busy` as `publish` does. */
  notify(notices: readonly CallNotice[]): Promise<void>;

  /**
   * Tells whoever listens. Frames are left out: they are signals of every 10 ms, for SQL; no listener wants them and they would
   * be most of what is sent.
   */
  publishFact(fact: Fact): void;
  /** Returns the function that ends the subscription. A slow subscriber is its own problem: callbacks are synchronous. */
  subscribeFacts(onFact: (fact: Fact) => void): () => void;

  close(): Promise<void>;
}

export interface CallName {
  readonly tenant: string;
  readonly callId: string;
}

export interface LogConsumer {
  /**
   * Takes one entry; must not throw and must not block. What is taken is committed within seconds even if nothing more
   * comes: a bus that has handed out as much as it may stops until then.
   */
  take(entry: TakenEntry): void;
  /**
   * These calls are another process's now, or will be handed out again from their first entry that is not committed: what is
   * known of them here is to be let go, and nothing of them written any more. Never called by a bus within one process.
   */
  revoked?(calls: readonly CallName[]): void;
}
