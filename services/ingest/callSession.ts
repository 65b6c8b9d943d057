/**
 * One call on the ingest side, from its first hello to its durable end, over however many sockets: numbers its log,
 * publishes it, knows what is durable, and decides on its clock when a silent channel is not waited for any longer.
 */
import type { Bus, LogEntry } from '../../adapters/bus/bus.ts';
import { decoderOf, sampleCount } from '../../core/audio/decode.ts';
import type { AudioMessage, CallMessage } from '../../core/audio/message.ts';
import type { EndReason } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { Channel } from '../../core/units/channel.ts';
import { Busy, InvalidInput } from '../../core/units/errors.ts';
import type { IngestLimits } from './limits.ts';

export interface SessionOptions {
  readonly open: OpenCall;
  readonly bus: Bus;
  readonly limits: IngestLimits;
  readonly nowMs: () => number;
  /** The last message that is durable already; -1 for a new call. */
  readonly durableSeq: number;
  readonly onEnded: () => void;
}

/** Who listens to a session now; a session outlives its sockets. */
export interface SessionListener {
  acked(seq: number): void;
  /** Stop or go on reading: the bus is full, or has room again. */
  setReading(reading: 'on' | 'off'): void;
  ended(): void;
  /** Another socket has taken the call over. */
  superseded(): void;
}

interface Lane {
  /** Furthest position that came, at the stream's rate, and when the last message came. */
  end: number;
  lastArrivalMs: number;
  advancedTo: number;
}

export class CallSession {
  readonly open: OpenCall;
  nextSeq: number;
  ackedSeq: number;
  /** When the last socket went away; null while one is attached. */
  detachedAtMs: number | null = null;
  readonly #options: SessionOptions;
  readonly #bytesPerSample: number;
  readonly #lanes: Record<Channel, Lane>;
  readonly #backlog: LogEntry[] = [];
  #retry: NodeJS.Timeout | null = null;
  #listener: SessionListener | null = null;
  #closing = false;
  #ackScheduled = false;
  /** Wall time minus media time of the earliest arrival: what the sender's clock shows now. */
  #anchorMs = Infinity;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.open = options.open;
    this.nextSeq = options.durableSeq + 1;
    this.ackedSeq = options.durableSeq;
    this.#bytesPerSample = decoderOf(options.open.encoding).bytesPerSample;
    const lane = (): Lane => ({ end: 0, lastArrivalMs: options.nowMs(), advancedTo: 0 });
    this.#lanes = { caller: lane(), agent: lane() };
    this.#publish({ type: 'open', call: options.open }, -1, 'ingest');
  }

  attach(listener: SessionListener): void {
    this.#listener?.superseded();
    this.#listener = listener;
    this.detachedAtMs = null;
    if (this.#backlog.length > 0) listener.setReading('off');
  }

  detach(listener: SessionListener): void {
    if (this.#listener !== listener) return;
    this.#listener = null;
    this.detachedAtMs = this.#options.nowMs();
  }

  /** Takes the next message of the sender. False: it had been taken before. Throws InvalidInput, having taken nothing. */
  accept(seq: number, message: CallMessage): boolean {
    if (seq < this.nextSeq) return false;
    if (this.#closing)
      throw new InvalidInput('call_already_ended', { expected: 'no message after bye', got: `seq ${seq}` });
    if (seq > this.nextSeq) {
      throw new InvalidInput('sequence_gap', { expected: `seq ${this.nextSeq}`, got: `seq ${seq}` });
    }
    if (message.type === 'audio') this.#note(message);
    this.nextSeq += 1;
    this.#publish(message, seq, 'sender');
    return true;
  }

  /** Numbers for senders that have none of their own. */
  acceptNext(message: CallMessage): void {
    this.accept(this.nextSeq, message);
  }

  /** A message that changes nothing in the log but takes its number (marks). */
  skip(seq: number): boolean {
    if (seq < this.nextSeq) return false;
    if (seq > this.nextSeq) {
      throw new InvalidInput('sequence_gap', { expected: `seq ${this.nextSeq}`, got: `seq ${seq}` });
    }
    this.nextSeq += 1;
    return true;
  }

  end(reason: EndReason, errorCode = '', errorText = ''): void {
    if (this.#closing) return;
    this.#closing = true;
    const seq = this.nextSeq;
    this.nextSeq += 1;
    this.#publish({ type: 'close', reason, errorCode, errorText }, seq, 'sender');
  }

  /** Called every now and then: gives a channel up to where it would have come by now, if nothing comes from it. */
  tick(nowMs: number): void {
    const { limits } = this.#options;
    if (this.#closing || this.open.layout !== 'separate' || this.#listener === null) return;
    for (const channel of ['caller', 'agent'] as const) {
      const isPlayed = channel === 'agent' && this.open.agentPlacement === 'playout';
      const lane = this.#lanes[channel];
      if (isPlayed || nowMs - lane.lastArrivalMs <= limits.lateMs) continue;
      const other = this.#lanes[channel === 'caller' ? 'agent' : 'caller'];
      const mediaNow = this.#samples(nowMs - this.#anchorMs);
      const position = Math.floor(Math.min(other.end, mediaNow) - this.#samples(limits.lateMs));
      if (position <= Math.max(lane.end, lane.advancedTo)) continue;
      lane.advancedTo = position;
      this.#publish({ type: 'advance', channel, position, reason: 'late' }, this.nextSeq - 1, 'ingest');
    }
  }

  #note({ lane, position, payload, arrivedAtMs }: AudioMessage): void {
    const { limits } = this.#options;
    const isInterleaved = this.open.layout === 'interleaved';
    if ((lane === 'both') !== isInterleaved) {
      throw new InvalidInput('protocol_violation', {
        expected: isInterleaved
          ? 'lane both (255) in an interleaved stream'
          : 'lane caller (0) or agent (1) in separate streams',
        got: `lane ${lane}`,
      });
    }
    const samples = sampleCount(payload, this.#bytesPerSample, isInterleaved ? 2 : 1);
    const furthest = Math.max(this.#lanes.caller.end, this.#lanes.agent.end);
    const end = position + samples;
    // A call taken over from another process has come further than is known here.
    const isPlaceKnown = furthest > 0 || this.#options.durableSeq < 0;
    if (isPlaceKnown && end > furthest + this.#samples(limits.jumpMsMax)) {
      throw new InvalidInput('timestamp_out_of_range', {
        expected: `a position at most ${limits.jumpMsMax / 1_000} s after what has come (${furthest} samples)`,
        got: `${position} samples`,
      });
    }
    if (end > this.#samples(limits.callMsMax)) {
      throw new InvalidInput('call_too_long', {
        expected: `a call of at most ${limits.callMsMax / 3_600_000} h`,
        got: `audio up to ${Math.round(end / this.open.rateHz)} s`,
      });
    }
    for (const channel of lane === 'both' ? (['caller', 'agent'] as const) : [lane]) {
      this.#lanes[channel].end = Math.max(this.#lanes[channel].end, end);
      this.#lanes[channel].lastArrivalMs = arrivedAtMs;
    }
    this.#anchorMs = Math.min(this.#anchorMs, arrivedAtMs - (end / this.open.rateHz) * 1_000);
  }

  #publish(message: CallMessage, seq: number, by: 'sender' | 'ingest'): void {
    const { tenant, callId } = this.open;
    const entry: LogEntry = { tenant, callId, seq, own: by === 'ingest', message };
    if (this.#backlog.length > 0 || !this.#tryPublish(entry)) this.#hold(entry);
  }

  /** False: the bus has no room, nothing was taken. */
  #tryPublish(entry: LogEntry): boolean {
    try {
      this.#options.bus.publish(entry).then(
        () => this.#durable(entry),
        () => undefined,
      );
      return true;
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      if (this.#retry === null) this.#retry = setTimeout(() => this.#publishBacklog(), error.retryAfterMs);
      return false;
    }
  }

  #hold(entry: LogEntry): void {
    this.#backlog.push(entry);
    this.#listener?.setReading('off');
  }

  #publishBacklog(): void {
    this.#retry = null;
    while (this.#backlog.length > 0) {
      const [entry] = this.#backlog;
      if (!this.#tryPublish(entry)) return;
      this.#backlog.shift();
    }
    this.#listener?.setReading('on');
  }

  #durable(entry: LogEntry): void {
    if (!entry.own) this.ackedSeq = Math.max(this.ackedSeq, entry.seq);
    if (entry.message.type === 'close') {
      this.#listener?.ended();
      this.#options.onEnded();
      return;
    }
    if (this.#ackScheduled || entry.own) return;
    this.#ackScheduled = true;
    setImmediate(() => {
      this.#ackScheduled = false;
      this.#listener?.acked(this.ackedSeq);
    });
  }

  #samples(ms: number): number {
    return (ms * this.open.rateHz) / 1_000;
  }
}
