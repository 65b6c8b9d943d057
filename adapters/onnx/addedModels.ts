/** Models that the user adds: tried out before they are taken, then kept in a folder of theirs, card beside weights. */
import './quietRuntime.ts';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { InvalidInput } from '../../core/units/errors.ts';
import { VOICE_MODELS } from '../../core/voice/voiceModels.ts';
import type { TensorClass } from './batchRun.ts';
import { asWindowModel, parseCard, type LoadedModel, type WindowModelCard } from './modelCard.ts';
import { windowGroupsOf } from './windowGroups.ts';
import { runWindows } from './windowRun.ts';

/**
 * Takes a model by its card and its weights. The card may leave `source` and `sha256` out; a sha256 that is there is checked.
 * Throws model_invalid when the card is not a window model's, or the graph does not do what the card says.
 */
export async function addModel(cardFile: string, weightsFile: string, addedDir: string): Promise<WindowModelCard> {
  const weights = await readFile(weightsFile);
  const sha256 = createHash('sha256').update(weights).digest('hex');
  const card = parseCard(completed(await readFile(cardFile, 'utf8'), basename(weightsFile), sha256), cardFile);
  if (card.sha256 !== sha256) {
    throw new InvalidInput('model_invalid', { expected: `${weightsFile} with sha256 ${card.sha256}`, got: sha256 });
  }
  if (VOICE_MODELS.includes(card.name)) {
    throw new InvalidInput('model_invalid', { expected: 'a name that no model of Earshot has', got: card.name });
  }
  const model = asWindowModel({ card, weights });
  await tryModel(model);
  const folder = join(addedDir, card.name);
  await mkdir(folder, { recursive: true });
  await copyFile(weightsFile, join(folder, basename(weightsFile)));
  await writeFile(join(folder, 'card.json'), `${JSON.stringify(card, null, 2)}\n`);
  return model.card;
}

export async function removeModel(name: string, addedDir: string): Promise<void> {
  const folder = join(addedDir, name);
  const isThere = /^[a-z][a-z0-9-]*$/.test(name) && (await stat(join(folder, 'card.json')).catch(() => null)) !== null;
  if (!isThere) throw new InvalidInput('model_invalid', { expected: `a model added to ${addedDir}`, got: name });
  await rm(folder, { recursive: true });
}

/** What the card leaves out is known here; what is no JSON is left for the card's own check to refuse. */
function completed(text: string, file: string, sha256: string): string {
  try {
    const card = JSON.parse(text) as object;
    return JSON.stringify({ sha256, ...card, source: { kind: 'file', file } });
  } catch {
    return text;
  }
}

/** Two rows of near silence through the graph: a batch works, and every output is there and finite. */
async function tryModel(model: LoadedModel<WindowModelCard>): Promise<void> {
  const [{ specs }] = windowGroupsOf([model]);
  const [spec] = specs;
  const row = Float32Array.from({ length: spec.firstSample + spec.sampleCount }, (_, i) => ((i % 7) - 3) / 1_000);
  const outcome = await InferenceSession.create(model.weights, { logSeverityLevel: 4 })
    .then((session) => runWindows(session, Tensor as unknown as TensorClass, spec, [row, row]))
    .catch((error: Error) => error.message);
  const expected = `${model.card.name} to take float32 "${spec.input}" of [2, ${spec.sampleCount}] and give finite "${spec.outputs.map(({ tensor }) => tensor).join('", "')}"`;
  if (typeof outcome === 'string') throw new InvalidInput('model_invalid', { expected, got: outcome });
  const broken = Object.entries(outcome[1]).find(([, values]) => values.length === 0 || !values.every(Number.isFinite));
  if (broken !== undefined) {
    throw new InvalidInput('model_invalid', { expected, got: `${broken[0]} = [${broken[1].join(', ').slice(0, 80)}]` });
  }
}
