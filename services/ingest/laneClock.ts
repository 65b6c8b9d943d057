/**
 * Watches how far each side's audio has come, on the wire and by the clock, and decides when a side that has fallen silent
 * is not waited for any longer. Never beyond what must have happened by now: a burst of one side says nothing of the other.
 */
import type { AdvanceMessage } from '../../core/audio/message.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { CHANNELS, otherChannel, type Channel } from '../../core/units/channel.ts';

interface Lane {
  /** Furthest position that came, at the stream's rate; null before any. */
  end: number | null;
  lastArrivalMs: number;
  advancedTo: number;
  /** Wall time of position 0 by the first message's start, and the earliest that any message's end allows. */
  firstAnchorMs: number;
  envelopeMs: number;
}

export class LaneClock {
  readonly #rateHz: number;
  readonly #lateMs: number;
  readonly #isAgentPlayed: boolean;
  readonly #lanes: Record<Channel, Lane>;

  constructor({ rateHz, agentPlacement }: OpenCall, lateMs: number, nowMs: number) {
    this.#rateHz = rateHz;
    this.#lateMs = lateMs;
    this.#isAgentPlayed = agentPlacement === 'playout';
    const lane = (): Lane => ({
      end: null,
      lastArrivalMs: nowMs,
      advancedTo: 0,
      firstAnchorMs: 0,
      envelopeMs: Infinity,
    });
    this.#lanes = { caller: lane(), agent: lane() };
  }

  /** Furthest position of either side; null before any audio. */
  get furthest(): number | null {
    const { caller, agent } = this.#lanes;
    return caller.end === null && agent.end === null ? null : Math.max(caller.end ?? 0, agent.end ?? 0);
  }

  get ends(): Record<Channel, number | null> {
    return { caller: this.#lanes.caller.end, agent: this.#lanes.agent.end };
  }

  note(channel: Channel, start: number, end: number, arrivedAtMs: number): void {
    const lane = this.#lanes[channel];
    lane.lastArrivalMs = arrivedAtMs;
    if (lane.end === null) lane.firstAnchorMs = arrivedAtMs - this.#ms(start);
    // Queued audio is known to have happened only up to when it was queued.
    const happened = this.#isPlayed(channel) ? start : end;
    lane.envelopeMs = Math.min(lane.envelopeMs, arrivedAtMs - this.#ms(happened));
    lane.end = Math.max(lane.end ?? 0, happened);
  }

  /** Reading begins (again): that nothing came until now was not the sender's doing. */
  resume(nowMs: number): void {
    for (const channel of CHANNELS) this.#lanes[channel].lastArrivalMs = nowMs;
  }

  /** What is not waited for any longer. */
  due(nowMs: number): AdvanceMessage[] {
    return CHANNELS.flatMap((channel) => this.#dueOf(channel, nowMs) ?? []);
  }

  #dueOf(channel: Channel, nowMs: number): AdvanceMessage | null {
    const lane = this.#lanes[channel];
    const otherEnd = this.#lanes[otherChannel(channel)].end;
    // A player whose queue is empty plays silence: nothing is missing.
    if (this.#isPlayed(channel) || otherEnd === null || nowMs - lane.lastArrivalMs <= this.#lateMs) return null;
    const mediaNow = this.#samples(nowMs - this.#anchorMs());
    const position = Math.floor(Math.min(otherEnd, mediaNow) - this.#samples(this.#lateMs));
    if (position <= Math.max(lane.end ?? 0, lane.advancedTo)) return null;
    lane.advancedTo = position;
    return { type: 'advance', channel, position, reason: 'late' };
  }

  /**
   * Wall time of position 0. The later of the two sides' estimates: a side that sends faster than real time (speech made
   * by a machine) seems to have begun earlier than it did. One side alone cannot be checked, so its first message counts.
   */
  #anchorMs(): number {
    const { caller, agent } = this.#lanes;
    if (caller.end === null) return agent.firstAnchorMs;
    if (agent.end === null) return caller.firstAnchorMs;
    return Math.max(caller.envelopeMs, agent.envelopeMs);
  }

  #isPlayed(channel: Channel): boolean {
    return channel === 'agent' && this.#isAgentPlayed;
  }

  #samples(ms: number): number {
    return (ms * this.#rateHz) / 1_000;
  }

  #ms(samples: number): number {
    return (samples / this.#rateHz) * 1_000;
  }
}
