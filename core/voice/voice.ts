/**
 * The third part of a call's way: one channel's measured windows in, findings about how it sounds out.
 *
 *     windows -> { 10 ms signals, utterances (prosody, changes of tone), quality, incidents, what could not
 *                be measured }
 */
import type { Finding } from '../facts/facts.ts';
import { VOICE_FORMAT, type WindowFormat } from '../inference/windowModel.ts';
import { fanOut } from '../stage/pipe.ts';
import type { Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import { frames } from './frames.ts';
import { incidents } from './incidents.ts';
import { modelScores } from './modelScores.ts';
import { quality } from './quality.ts';
import { unmeasured } from './unmeasured.ts';
import { utterances } from './utterances.ts';
import type { MeasuredWindow } from './windows.ts';

export function voice(channel: Channel, format: WindowFormat): Stage<MeasuredWindow, Finding> {
  return format.name === VOICE_FORMAT.name
    ? fanOut(frames(channel), utterances(channel), quality(channel), incidents(channel), unmeasured(channel))
    : fanOut(modelScores(channel), unmeasured(channel));
}
