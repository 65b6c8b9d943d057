/** Window models grouped by the windows that they read: Earshot's own share one format, each added model has its own. */
import { VOICE_FORMAT, type WindowFormat } from '../../core/inference/windowModel.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { FRAME_MS } from '../../core/units/time.ts';
import { VOICE_MODELS } from '../../core/voice/voiceModels.ts';
import type { LoadedModel, WindowModelCard } from './modelCard.ts';
import type { WindowModelSpec } from './windowRun.ts';

export interface WindowGroup {
  readonly format: WindowFormat;
  /** The most important first. */
  readonly specs: readonly WindowModelSpec[];
  readonly weights: ReadonlyMap<string, Uint8Array>;
}

/** Added models are asked about windows that are mostly speech, unless their card says otherwise. */
const SPEECH_SHARE_MIN = 0.5;

export function windowGroupsOf(models: readonly LoadedModel<WindowModelCard>[]): WindowGroup[] {
  const own = models.filter(({ card }) => isOwn(card));
  const added = models.filter(({ card }) => !isOwn(card));
  const voice = own.length === 0 ? [] : [groupOf(VOICE_FORMAT, own)];
  return [...voice, ...added.map((model) => groupOf(formatOf(model.card), [model]))];
}

const isOwn = ({ name }: WindowModelCard): boolean => VOICE_MODELS.includes(name);

const formatOf = ({ name, window }: WindowModelCard): WindowFormat => ({
  name,
  rateHz: window.rateHz,
  windowFrames: window.windowMs / FRAME_MS,
  beforeFrames: window.beforeMs / FRAME_MS,
  afterFrames: window.afterMs / FRAME_MS,
  speechShareMin: window.speechShareMin ?? SPEECH_SHARE_MIN,
});

const groupOf = (format: WindowFormat, models: readonly LoadedModel<WindowModelCard>[]): WindowGroup => ({
  format,
  specs: models.map(({ card }) => specOf(format, card)),
  weights: new Map(models.map(({ card, weights }) => [card.name, weights])),
});

function specOf(format: WindowFormat, { name, input, window, outputs }: WindowModelCard): WindowModelSpec {
  const { rateHz, windowMs, beforeMs, afterMs } = window;
  const fits =
    rateHz === format.rateHz &&
    windowMs === format.windowFrames * FRAME_MS &&
    beforeMs <= format.beforeFrames * FRAME_MS &&
    afterMs <= format.afterFrames * FRAME_MS;
  if (!fits) {
    throw new InvalidInput('model_invalid', {
      expected: `model ${name} to read windows of ${format.windowFrames * FRAME_MS} ms at ${format.rateHz} Hz, with at most ${format.beforeFrames * FRAME_MS} ms before and ${format.afterFrames * FRAME_MS} ms after`,
      got: JSON.stringify(window),
    });
  }
  const samples = (ms: number): number => (ms * rateHz) / 1_000;
  return {
    name,
    input: input ?? 'audio',
    firstSample: samples(format.beforeFrames * FRAME_MS - beforeMs),
    sampleCount: samples(beforeMs + windowMs + afterMs),
    outputs: outputs.map(({ name: stored, tensor, column, polynomial }) => ({
      name: stored,
      tensor,
      column,
      polynomial,
    })),
  };
}
