/** The third part of a call's way, for both channels and every format of windows: windows, and what is found in them. */
import type { LabelledTick } from '../conversation/label.ts';
import type { Finding } from '../facts/facts.ts';
import type { Hop } from '../features/measure.ts';
import { VOICE_FORMAT, type WindowFormat, type WindowRow, type WindowScores } from '../inference/windowModel.ts';
import type { Emit, Stage } from '../stage/stage.ts';
import { CHANNELS, type Channel } from '../units/channel.ts';
import { voice } from '../voice/voice.ts';
import { createWindows, type MeasuredWindow, type Windows } from '../voice/windows.ts';

/** A window that wants scoring. */
export interface WindowRequest {
  readonly channel: Channel;
  readonly format: string;
  readonly startFrame: number;
  readonly row: WindowRow;
}

interface Voice {
  readonly channel: Channel;
  readonly format: string;
  readonly windows: Windows;
  readonly stage: Stage<MeasuredWindow, Finding>;
}

export interface Voices {
  hear(channel: Channel, hop: Hop): void;
  label(tick: LabelledTick, emit: Emit<Finding>): void;
  requests(): WindowRequest[];
  scored(request: WindowRequest, scores: WindowScores, emit: Emit<Finding>): void;
  /** No more audio and labels; the last windows may want scoring. */
  cutLast(emit: Emit<Finding>): void;
  /** All windows have been scored. */
  flush(emit: Emit<Finding>): void;
  save(): unknown;
  load(state: unknown): void;
}

/** `formats`: what models are there for; without them the labels still make the 10 ms signals. */
export function createVoices(formats: readonly WindowFormat[], analysisRateHz: number): Voices {
  const isWanted = formats.some(({ name }) => name === VOICE_FORMAT.name);
  const all = [VOICE_FORMAT, ...formats.filter(({ name }) => name !== VOICE_FORMAT.name)];
  let voices: Voice[] = all.flatMap((format) =>
    CHANNELS.map((channel) => ({
      channel,
      format: format.name,
      windows: createWindows(format, analysisRateHz, format === VOICE_FORMAT && !isWanted ? 'none' : 'some'),
      stage: voice(channel, format),
    })),
  );
  const judging =
    ({ stage }: Voice, emit: Emit<Finding>) =>
    (window: MeasuredWindow) =>
      stage.push(window, emit);

  return {
    hear(channel, hop) {
      for (const one of voices) if (one.channel === channel) one.windows.hear(hop);
    },
    label(tick, emit) {
      for (const one of voices) one.windows.label(tick[one.channel], judging(one, emit));
    },
    requests: () =>
      voices.flatMap(({ channel, format, windows }) =>
        windows.requests().map((request) => ({ channel, format, ...request })),
      ),
    scored({ channel, format, startFrame }, scores, emit) {
      const one = voices.find((known) => known.channel === channel && known.format === format) as Voice;
      one.windows.scored(startFrame, scores, judging(one, emit));
    },
    cutLast(emit) {
      for (const one of voices) one.windows.flush(judging(one, emit));
    },
    flush(emit) {
      for (const { stage } of voices) stage.flush(emit);
    },
    save: () =>
      voices.map(({ channel, format, windows, stage }) => ({
        channel,
        format,
        windows: windows.save(),
        stage: stage.save(),
      })),
    /** A model that was added since has not heard the call from its start and is not asked; one that is gone is left. */
    load(saved) {
      const states = saved as { channel: Channel; format: string; windows: unknown; stage: unknown }[];
      voices = voices.filter(({ channel, format, windows, stage }) => {
        const state = states.find((one) => one.channel === channel && one.format === format);
        if (state === undefined) return false;
        windows.load(state.windows);
        stage.load(state.stage);
        return true;
      });
    },
  };
}
