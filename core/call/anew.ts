/**
 * A call that begins anew in its middle, because what was known of it cannot be read any more: what comes first on a
 * channel says how far the call is, and all before that is a gap of reason `restart`. What was told of that time stands.
 */
import type { AdvanceMessage, CallMessage } from '../audio/message.ts';
import type { Finding } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import type { Channel } from '../units/channel.ts';
import { TIMELINE_RATE_HZ } from '../units/time.ts';

export interface Anew {
  begin(): void;
  /** What is to be taken before this message, in slices: hours of gap at once would be much to hold. */
  before(message: CallMessage): AdvanceMessage[];
  /** Signals of the time before: where they were measured they are stored, and must not be replaced by those of a gap. */
  isOfBefore(finding: Finding): boolean;
  save(): AnewState;
  load(state: AnewState): void;
}

export interface AnewState {
  /** Channels of which it is not known yet how far they are. */
  readonly lost: readonly Channel[];
  /** Where each channel begins anew, in samples of the timeline. */
  readonly from: Readonly<Record<Channel, number>>;
}

const SLICE_S = 30;

export function createAnew({ agentPlacement, rateHz }: OpenCall): Anew {
  const sliceSamples = SLICE_S * rateHz;
  let state: AnewState = { lost: [], from: { caller: 0, agent: 0 } };

  /** A player's clock is the caller's: agent audio says when it was queued, not how far playing has come. */
  const isPlacedBy = (lane: Channel | 'both', channel: Channel): boolean =>
    lane === 'both' || lane === (agentPlacement === 'playout' ? 'caller' : channel);

  return {
    begin() {
      // The agent first: the caller's clock then finds nothing left to play.
      state = { ...state, lost: ['agent', 'caller'] };
    },
    before(message) {
      if (message.type !== 'audio' && message.type !== 'advance') return [];
      const lane = message.type === 'audio' ? message.lane : message.channel;
      const channels = state.lost.filter((channel) => isPlacedBy(lane, channel));
      const lost = state.lost.filter((channel) => !channels.includes(channel));
      const sample = Math.floor((message.position * TIMELINE_RATE_HZ) / rateHz);
      const from = Object.fromEntries(channels.map((channel) => [channel, sample]));
      state = { lost, from: { ...state.from, ...from } };
      const slices = channels.length === 0 ? 0 : Math.ceil(message.position / sliceSamples);
      return Array.from({ length: slices }, (_, slice) =>
        channels.map((channel): AdvanceMessage => {
          const position = Math.min(message.position, (slice + 1) * sliceSamples);
          return { type: 'advance', channel, position, reason: 'restart' };
        }),
      ).flat();
    },
    isOfBefore: (finding) => finding.kind === 'frames' && (finding.endSample ?? 0) <= state.from[finding.channel],
    save: () => structuredClone(state),
    load(saved) {
      state = structuredClone(saved);
    },
  };
}
