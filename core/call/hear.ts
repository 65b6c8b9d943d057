/**
 * The first half of a call's way: the call's log in, hops of 32 ms out, for both channels on one clock.
 *
 *     decode -> place (or playout) -> resample -> measure
 */
import { decoderOf, sampleCount } from '../audio/decode.ts';
import type { AudioMessage, CallMessage } from '../audio/message.ts';
import { place, type Gap, type PlaceInput, type Placed, type Run } from '../audio/place.ts';
import { playout } from '../audio/playout.ts';
import { resample } from '../audio/resample.ts';
import type { Finding } from '../facts/facts.ts';
import type { OpenCall } from '../facts/openCall.ts';
import { measure, type Hop } from '../features/measure.ts';
import { SPEECH_MODEL_16K, SPEECH_MODEL_8K, type SpeechModelFormat } from '../inference/speechModel.ts';
import { pipe } from '../stage/pipe.ts';
import type { Emit, Stage, StageState } from '../stage/stage.ts';
import { CHANNELS, type Channel } from '../units/channel.ts';
import { asSampleIndex, TIMELINE_RATE_HZ, type SampleIndex } from '../units/time.ts';

export type Heard =
  | { readonly type: 'hop'; readonly channel: Channel; readonly hop: Hop }
  | { readonly type: 'gap'; readonly finding: Finding };

/** Telephone audio is analysed at its own 8 kHz; everything with more bandwidth at 16 kHz. */
export const speechModelOf = ({ rateHz }: OpenCall): SpeechModelFormat =>
  rateHz < SPEECH_MODEL_16K.rateHz ? SPEECH_MODEL_8K : SPEECH_MODEL_16K;

export function hear(call: OpenCall): Stage<CallMessage, Heard> {
  const decoder = decoderOf(call.encoding);
  const onTimeline = (position: number): SampleIndex =>
    asSampleIndex(Math.floor((position * TIMELINE_RATE_HZ) / call.rateHz));
  const byMedia = { caller: place(call), agent: place(call) };
  const played = playout(call);
  const cut = { caller: cutIntoHops(call), agent: cutIntoHops(call) };
  /** How far each channel's audio has come, in samples at the stream's rate. */
  let ends = { caller: 0, agent: 0 };

  function take(channel: Channel, run: Run, emit: Emit<Heard>): void {
    ends[channel] = run.start + run.samples.length;
    cut[channel].push(run, (hop) => emit({ type: 'hop', channel, hop }));
    if (channel === 'caller' && call.agentPlacement === 'playout') {
      if (!run.missing) byMedia.agent.flush((placed) => takePlaced('agent', placed, emit));
      played.push({ type: 'clock', position: ends.caller }, (silenceOrSpeech) => take('agent', silenceOrSpeech, emit));
    }
  }

  function takePlaced(channel: Channel, placed: Placed, emit: Emit<Heard>): void {
    if (placed.type === 'run') take(channel, placed.run, emit);
    else emit({ type: 'gap', finding: gapFinding(channel, placed.gap, onTimeline) });
  }

  function pushPlaced(channel: Channel, input: PlaceInput, emit: Emit<Heard>): void {
    byMedia[channel].push(input, (placed) => takePlaced(channel, placed, emit));
  }

  /** What a player has played up to here is not known: the agent's only gap, which ends where the caller is heard. */
  function skipPlayed(input: PlaceInput & { type: 'advance' }, emit: Emit<Heard>): void {
    played.push({ type: 'skip', position: input.position }, () => undefined);
    pushPlaced('agent', input, emit);
  }

  function pushAudio({ lane, position, payload }: AudioMessage, emit: Emit<Heard>): void {
    const lanes = lane === 'both' ? call.channelOrder : [lane];
    sampleCount(payload, decoder.bytesPerSample, lanes.length);
    lanes.forEach((channel, offset) => {
      const samples = decoder.decode(payload, offset, lanes.length);
      if (channel === 'agent' && call.agentPlacement === 'playout') {
        played.push({ type: 'audio', position, samples }, () => undefined);
      } else {
        pushPlaced(channel, { type: 'audio', position, samples }, emit);
      }
    });
  }

  return {
    push(message, emit) {
      switch (message.type) {
        case 'audio':
          return pushAudio(message, emit);
        case 'advance':
          if (message.channel === 'agent' && call.agentPlacement === 'playout') return skipPlayed(message, emit);
          return pushPlaced(message.channel, message, emit);
        case 'clear':
          return played.push({ type: 'clear', position: message.position }, () => undefined);
        case 'report':
        case 'open':
        case 'close':
          return undefined;
      }
    },
    /** Both channels end together: the one that stopped earlier lacks the rest. */
    flush(emit) {
      for (const channel of CHANNELS) byMedia[channel].flush((placed) => takePlaced(channel, placed, emit));
      const end = Math.max(ends.caller, ends.agent);
      for (const channel of mediaChannels(call)) {
        pushPlaced(channel, { type: 'advance', position: end, reason: 'loss' }, emit);
        byMedia[channel].flush((placed) => takePlaced(channel, placed, emit));
      }
      played.flush(() => undefined);
      for (const channel of ['caller', 'agent'] as const)
        cut[channel].flush((hop) => emit({ type: 'hop', channel, hop }));
    },
    save: () => ({
      placed: [byMedia.caller.save(), byMedia.agent.save()],
      played: played.save(),
      cut: [cut.caller.save(), cut.agent.save()],
      ends: { ...ends },
    }),
    load(saved) {
      const state = saved as { placed: StageState[]; played: StageState; cut: StageState[]; ends: typeof ends };
      (['caller', 'agent'] as const).forEach((channel, index) => {
        byMedia[channel].load(state.placed[index]);
        cut[channel].load(state.cut[index]);
      });
      played.load(state.played);
      ends = { ...state.ends };
    },
  };
}

function cutIntoHops(call: OpenCall): Stage<Run, Hop> {
  const { rateHz, windowSamples } = speechModelOf(call);
  return pipe(resample({ fromHz: call.rateHz, toHz: rateHz }), measure({ rateHz, hopSamples: windowSamples }));
}

const mediaChannels = ({ agentPlacement }: OpenCall): readonly Channel[] =>
  agentPlacement === 'playout' ? ['caller'] : ['caller', 'agent'];

function gapFinding(channel: Channel, gap: Gap, onTimeline: (position: number) => SampleIndex): Finding {
  return {
    kind: 'gap',
    status: gap.end === null ? 'provisional' : 'final',
    revision: gap.end === null ? 0 : gap.reason === 'late' ? 2 : 1,
    channel,
    startSample: onTimeline(gap.start),
    endSample: gap.end === null ? null : onTimeline(gap.end),
    reason: gap.reason,
  };
}
