/**
 * One interruption from its onset to its outcome. "By" is the side that started inside the other's speech; the other side
 * is the one that may yield. Told provisionally as soon as both speak long enough, again when the other falls silent,
 * and finally when that silence has held, or when the time for yielding is over.
 */
import type { Finding, FindingOf, InterruptionOutcome } from '../facts/facts.ts';
import type { Tap } from '../facts/openCall.ts';
import type { Emit } from '../stage/stage.ts';
import { otherChannel, type Channel } from '../units/channel.ts';
import { sampleOf } from './span.ts';
import { endedByCut, type Talk } from './talk.ts';

export interface EpisodeRules {
  readonly confirmFrames: Readonly<Record<Channel, number>>;
  readonly yieldFrames: number;
  readonly holdFrames: number;
  readonly backchannelFramesMax: number;
  readonly turnEndFrames: number;
  readonly tap: Tap;
}

export interface Episode {
  readonly by: Channel;
  readonly onsetFrame: number;
  /** Frames in which both spoke, and in which the interrupter did. */
  readonly bothFrames: number;
  readonly speechFrames: number;
  /** Since when the interrupted side is silent; null while it speaks. */
  readonly silentSince: number | null;
  readonly wasCut: boolean;
  readonly confirmed: boolean;
  readonly revision: number;
}

interface Moment {
  readonly frame: number;
  readonly caller: Talk;
  readonly agent: Talk;
}

export const beginEpisode = (by: Channel, onsetFrame: number): Episode => ({
  by,
  onsetFrame,
  bothFrames: 0,
  speechFrames: 0,
  silentSince: null,
  wasCut: false,
  confirmed: false,
  revision: 0,
});

/** Takes the episode one frame on; null when it is over. */
export function stepEpisode(before: Episode, moment: Moment, rules: EpisodeRules, emit: Emit<Finding>): Episode | null {
  const episode = observe(before, moment, rules, emit);
  const outcome = outcomeOf(episode, moment, rules);
  if (outcome === 'pending') return episode;
  if (episode.confirmed && outcome !== null) emit(final(episode, outcome, moment.frame, rules));
  return null;
}

/** The call is over: a silence that began in time counts, since the side that fell silent never spoke again. */
export function endEpisode(episode: Episode, frame: number, rules: EpisodeRules, emit: Emit<Finding>): void {
  if (!episode.confirmed) return;
  emit(final(episode, episode.silentSince === null ? 'inconclusive' : 'yielded', frame, rules));
}

function observe(episode: Episode, moment: Moment, rules: EpisodeRules, emit: Emit<Finding>): Episode {
  const interrupter = moment[episode.by];
  const other = moment[otherChannel(episode.by)];
  const silentSince = other.on ? null : (episode.silentSince ?? moment.frame);
  const next = {
    ...episode,
    bothFrames: episode.bothFrames + (interrupter.on && other.on ? 1 : 0),
    speechFrames: episode.speechFrames + (interrupter.on ? 1 : 0),
    silentSince,
    wasCut: silentSince === moment.frame ? endedByCut(other) : episode.wasCut,
  };
  const confirmedNow = !episode.confirmed && next.bothFrames >= rules.confirmFrames[episode.by];
  const silenceTurned = episode.confirmed && (silentSince === null) !== (episode.silentSince === null);
  if (!confirmedNow && !silenceTurned) return next;
  const told = { ...next, confirmed: true, revision: confirmedNow ? 0 : episode.revision + 1 };
  emit(provisional(told, rules));
  return told;
}

/** `pending`: not known yet. Null: it was nothing, both never spoke together long enough. */
function outcomeOf(episode: Episode, moment: Moment, rules: EpisodeRules): InterruptionOutcome | null {
  const { by, onsetFrame, silentSince, speechFrames } = episode;
  const interrupter = moment[by];
  const { frame } = moment;
  if (silentSince !== null) {
    if (frame - silentSince < rules.holdFrames) return 'pending';
    if (!episode.confirmed) return null;
    return outcomeOfSilence(episode, silentSince, interrupter, rules);
  }
  const tokenOver = !interrupter.on && frame - interrupter.end >= rules.holdFrames;
  if (tokenOver && !episode.confirmed) return null;
  if (tokenOver && speechFrames <= rules.backchannelFramesMax) return 'backchannel';
  if (frame - onsetFrame >= rules.yieldFrames) {
    return speechFrames <= rules.backchannelFramesMax ? 'pending' : 'continued';
  }
  return 'pending';
}

/** The other side fell silent and stayed so. */
function outcomeOfSilence(
  episode: Episode,
  silentSince: number,
  interrupter: Talk,
  rules: EpisodeRules,
): InterruptionOutcome {
  const latencyFrames = silentSince - episode.onsetFrame;
  if (latencyFrames > rules.yieldFrames) return 'continued';
  if (latencyFrames < rules.turnEndFrames && !episode.wasCut) return 'turn_end';
  const shortToken = episode.speechFrames <= rules.backchannelFramesMax && !interrupter.on;
  const stoppedLongAfter = silentSince - interrupter.end > rules.holdFrames;
  return shortToken && stoppedLongAfter ? 'backchannel' : 'yielded';
}

function provisional(episode: Episode, rules: EpisodeRules): FindingOf<'interruption'> {
  const { silentSince } = episode;
  return {
    ...fact(episode, rules),
    status: 'provisional',
    endSample: silentSince === null ? null : sampleOf(silentSince),
    outcome: silentSince === null ? 'pending' : 'yielded',
    latencySamples: silentSince === null ? null : sampleOf(silentSince - episode.onsetFrame),
    latencyUnknown: silentSince === null ? 'pending' : '',
  };
}

function final(
  episode: Episode,
  outcome: InterruptionOutcome,
  frame: number,
  rules: EpisodeRules,
): FindingOf<'interruption'> {
  const { silentSince } = episode;
  const yielded = outcome === 'yielded' && silentSince !== null;
  return {
    ...fact(episode, rules),
    status: 'final',
    revision: episode.revision + 1,
    endSample: sampleOf(silentSince ?? frame),
    outcome,
    latencySamples: yielded ? sampleOf(silentSince - episode.onsetFrame) : null,
    latencyUnknown: yielded ? '' : outcome === 'inconclusive' ? 'call_ended' : 'not_yielded',
  };
}

const fact = (episode: Episode, rules: EpisodeRules) =>
  ({
    kind: 'interruption',
    revision: episode.revision,
    startSample: sampleOf(episode.onsetFrame),
    by: episode.by,
    tap: rules.tap,
  }) as const;
