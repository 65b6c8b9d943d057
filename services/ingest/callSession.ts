/**
 * One call on the ingest side, from its first hello to its durable end, over however many sockets: numbers its log,
 * knows what is durable, and holds the call to its limits.
 */
import type { Bus, LogEntry } from '../../adapters/bus/bus.ts';
import { decoderOf, sampleCount } from '../../core/audio/decode.ts';
import type { AudioMessage, CallMessage, ClearMessage, ReportMessage } from '../../core/audio/message.ts';
import type { EndReason, Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { Channel } from '../../core/units/channel.ts';
import { InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import type { CallMoment } from '../telemetry/tracing.ts';
import { Acks } from './acks.ts';
import { CallLog, type Reading } from './callLog.ts';
import { LaneClock } from './laneClock.ts';
import type { IngestLimits } from './limits.ts';
import type { Opening } from './socketCall.ts';
import { clearReport } from './clearReport.ts';
import { clearOfMedia, endedElsewhere, tooFar, tooLong, wrongLane } from './refusals.ts';

export interface SessionOptions {
  /** In the log: who wrote. */
  readonly id: string;
  readonly open: OpenCall;
  readonly bus: Bus;
  readonly limits: IngestLimits;
  readonly nowMs: () => number;
  readonly connectedAtMs: number;
  /** The last message that is durable, or in the log, already; -1 for a new call. */
  readonly durableSeq: number;
  /** The call's end is durable. */
  readonly onEnded: (session: CallSession) => void;
  readonly onLogged?: () => void;
  readonly onMoment?: (moment: CallMoment) => void;
}

/** Who listens to a session now; a session outlives its sockets. */
export interface SessionListener {
  /** Whether it waits for all that is told of the call before it leaves. */
  readonly wantsFacts: boolean;
  acked(seq: number): void;
  told(fact: Fact): void;
  setReading(reading: Reading): void;
  /** The call's end is durable. */
  ended(): void;
  /** The call was ended from inside: by a limit, by the analysis, by a fault. */
  failed(error: unknown): void;
  /** Another socket has taken the call over. */
  superseded(): void;
}

export class CallSession {
  readonly open: OpenCall;
  readonly #options: SessionOptions;
  #id: string;
  readonly #log: CallLog;
  readonly #lanes: LaneClock;
  readonly #bytesPerSample: number;
  readonly #openedAtMs: number;
  /** Since when nobody listens; null while somebody does. */
  #detachedAtMs: number | null;
  #listener: SessionListener | null = null;
  #nextSeq: number;
  readonly #acks: Acks;
  #endReason: EndReason | null = null;
  #isEndTold = false;
  #hasBeenLeft = false;
  /** Null: not yet. */
  #endDurableAtMs: number | null = null;
  #isFinished = false;

  constructor(options: SessionOptions) {
    const { open, bus, limits, nowMs, durableSeq } = options;
    this.open = open;
    this.#options = options;
    this.#id = options.id;
    this.#nextSeq = durableSeq + 1;
    this.#acks = new Acks(durableSeq, (seq) => this.#listener?.acked(seq));
    this.#openedAtMs = nowMs();
    this.#detachedAtMs = nowMs();
    this.#bytesPerSample = decoderOf(open.encoding).bytesPerSample;
    this.#lanes = new LaneClock(open, limits.lateMs, nowMs());
    this.#log = new CallLog({
      bus,
      unackedBytesMax: limits.unackedBytesMax,
      onDurable: (entry) => this.#durable(entry),
      onLost: (error) => this.#fail(error),
      onReading: (reading) => this.#setReading(reading),
    });
  }

  /** Opens the call in its log, once whoever passes facts on knows of this session: the answer may be that it is over. */
  begin(): void {
    const { durableSeq, connectedAtMs, onMoment } = this.#options;
    onMoment?.(durableSeq < 0 ? 'opened' : 'resumed');
    this.#append({ type: 'open', call: this.open, connectedAtMs }, -1, 'ingest');
  }

  /** The number of the message to go on with. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Durable up to and including this message; -1 when nothing is yet. */
  get ackedSeq(): number {
    return this.#acks.ackedSeq;
  }

  /** Why the call has ended, perhaps not durably yet; null while it runs. */
  get endReason(): EndReason | null {
    return this.#endReason;
  }

  /** False: only the grace for its client is over, and that client may have gone to another process. */
  get isEndCertain(): boolean {
    return this.#endReason !== 'client_vanished' || this.#isEndTold;
  }

  /** How far each side's audio came, at the stream's rate; null where none came here. */
  get samples(): Record<Channel, number | null> {
    return this.#lanes.ends;
  }

  get isDetached(): boolean {
    return this.#listener === null;
  }

  /** The sender comes again. It may have been with another process: what that has acknowledged is not asked for here. */
  renew(id: string, { ackedSeq, connectedAtMs }: Omit<Opening, 'call'>): void {
    if (this.#endReason !== null) return;
    this.#id = id;
    this.#nextSeq = Math.max(this.#nextSeq, ackedSeq + 1);
    this.#acks.durable(ackedSeq);
    this.#append({ type: 'open', call: this.open, connectedAtMs }, -1, 'ingest');
  }

  attach(listener: SessionListener): void {
    this.#listener?.superseded();
    this.#listener = listener;
    if (this.#hasBeenLeft) this.#options.onMoment?.('client_back');
    this.#detachedAtMs = null;
    this.#lanes.resume(this.#options.nowMs());
    listener.setReading(this.#log.reading);
  }

  detach(listener: SessionListener): void {
    if (this.#listener !== listener) return;
    this.#listener = null;
    this.#hasBeenLeft = true;
    this.#options.onMoment?.('client_away');
    this.#detachedAtMs = this.#options.nowMs();
  }

  /** Takes the sender's message of this number; one that was taken before changes nothing. Throws InvalidInput. */
  accept(seq: number, message: AudioMessage | ClearMessage | ReportMessage): void {
    if (!this.#isNext(seq)) return;
    if (message.type === 'audio') this.#checkAudio(message);
    else if (message.type === 'clear') this.#checkClear(message.position);
    this.#nextSeq += 1;
    // First, so that whoever finds the clear in the log finds what it means as well.
    if (message.type === 'clear') {
      this.#append(clearReport(this.open, message, this.#options.nowMs()), seq - 1, 'ingest');
    }
    this.#append(message, seq, 'sender');
  }

  /** Takes a number without writing anything (marks). False: a repeat. */
  acceptUnlogged(seq: number): 'taken' | 'repeat' {
    if (!this.#isNext(seq)) return 'repeat';
    this.#nextSeq += 1;
    this.#acks.unlogged(seq);
    this.#scheduleAck();
    return 'taken';
  }

  /** The sender says that the call is over. */
  bye(seq: number): void {
    if (!this.#isNext(seq)) return;
    this.#nextSeq += 1;
    this.#endReason = 'completed';
    this.#append({ type: 'close', reason: 'completed', errorCode: '', errorText: '' }, seq, 'sender');
  }

  /** Ends the call without the sender's word. */
  end(reason: EndReason, errorCode: ErrorCode | '' = '', errorText = ''): void {
    if (this.#endReason !== null) return;
    this.#endReason = reason;
    this.#append({ type: 'close', reason, errorCode, errorText }, this.#nextSeq - 1, 'ingest');
  }

  /** A fact of this call. When the analysis has ended the call, its sender is told rather than heard in vain. */
  told(fact: Fact): void {
    this.#listener?.told(fact);
    if (fact.kind !== 'call_ended') return;
    this.#isEndTold = true;
    if (this.#endDurableAtMs !== null) return this.#finish();
    if (this.#endReason !== null) return;
    this.#fail(endedElsewhere(fact));
  }

  /** Called at every tick of the ingest side's clock. */
  tick(nowMs: number): void {
    const { limits } = this.#options;
    this.#log.tick();
    if (this.#endDurableAtMs !== null && nowMs - this.#endDurableAtMs > limits.lastFactsMsMax) return this.#finish();
    if (this.#endReason !== null) return;
    if (this.#detachedAtMs !== null) {
      if (nowMs - this.#detachedAtMs > limits.resumeGraceMs) this.end('client_vanished');
      return;
    }
    if (nowMs - this.#openedAtMs > limits.callMsMax) {
      this.#fail(tooLong(limits, `one that runs for ${Math.round((nowMs - this.#openedAtMs) / 1_000)} s`));
      return;
    }
    if (this.open.layout === 'interleaved' || this.#log.reading === 'off') return;
    for (const advance of this.#lanes.due(nowMs)) this.#append(advance, this.#nextSeq - 1, 'ingest');
  }

  #isNext(seq: number): boolean {
    if (seq < this.#nextSeq) return false;
    if (this.#endReason !== null) {
      throw new InvalidInput('call_already_ended', { expected: 'no message after the end', got: `seq ${seq}` });
    }
    if (seq === this.#nextSeq) return true;
    throw new InvalidInput('sequence_gap', { expected: `seq ${this.#nextSeq}`, got: `seq ${seq}` });
  }

  #checkAudio({ lane, position, payload, arrivedAtMs }: AudioMessage): void {
    const isInterleaved = this.open.layout === 'interleaved';
    if ((lane === 'both') !== isInterleaved) throw wrongLane(this.open, lane);
    const end = position + sampleCount(payload, this.#bytesPerSample, isInterleaved ? 2 : 1);
    this.#checkPosition(position);
    if (end > this.#samples(this.#options.limits.callMsMax)) {
      throw tooLong(this.#options.limits, `audio up to ${Math.round(end / this.open.rateHz)} s`);
    }
    if (lane === 'both' || lane === 'caller') this.#lanes.note('caller', position, end, arrivedAtMs);
    if (lane === 'both' || lane === 'agent') this.#lanes.note('agent', position, end, arrivedAtMs);
  }

  #checkClear(position: number): void {
    if (this.open.agentPlacement !== 'playout') throw clearOfMedia();
    this.#checkPosition(position);
  }

  #checkPosition(position: number): void {
    const { jumpMsMax, positionMsMax } = this.#options.limits;
    const came = this.#lanes.furthest;
    // How far a call has come that another process took in is not known here.
    const isKnown = came !== null || this.#options.durableSeq < 0;
    const jumpMax = isKnown ? (came ?? 0) + this.#samples(jumpMsMax) : Infinity;
    if (position <= Math.min(jumpMax, this.#samples(positionMsMax))) return;
    throw tooFar(this.#options.limits, came ?? 0, position);
  }

  #append(message: CallMessage, seq: number, by: 'sender' | 'ingest'): void {
    const { tenant, callId } = this.open;
    this.#log.append({ tenant, callId, seq, own: by === 'ingest', session: this.#id, message });
  }

  #fail(error: Error): void {
    if (error instanceof InvalidInput) this.end('invalid_input', error.code, error.message);
    else this.end('failed', 'call_failed', error.message);
    this.#listener?.failed(error);
  }

  #durable({ seq, own, message }: LogEntry): void {
    this.#options.onLogged?.();
    if (!own) this.#acks.durable(seq);
    if (message.type !== 'close') return this.#scheduleAck();
    this.#acks.tellNow();
    this.#endDurableAtMs = this.#options.nowMs();
    // Where calls are analysed elsewhere, what is told of its last seconds is still to come.
    if (this.#isEndTold || this.#listener?.wantsFacts !== true) this.#finish();
  }

  #setReading(reading: Reading): void {
    this.#options.onMoment?.(reading === 'off' ? 'paused' : 'read_on');
    this.#listener?.setReading(reading);
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#options.onMoment?.('ended');
    this.#listener?.ended();
    this.#options.onEnded(this);
  }

  /** Who is away learns at coming back. */
  #scheduleAck(): void {
    if (this.#listener !== null) this.#acks.schedule();
  }

  #samples(ms: number): number {
    return (ms * this.open.rateHz) / 1_000;
  }
}
