/** Finds and loads the models that read windows: Earshot's own, and those that the user added to a folder of theirs. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInput } from '../../core/units/errors.ts';
import { VOICE_MODELS } from '../../core/voice/voiceModels.ts';
import { asWindowModel, loadModel, loadModelFrom, type LoadedModel, type WindowModelCard } from './modelCard.ts';

export interface ModelChoice {
  /** Names of models, `all`, or `none`; separated by commas. */
  readonly names: string;
  /** Folder with a folder for each added model; empty: none. */
  readonly addedDir: string;
}

export const EVERY_OWN_MODEL: ModelChoice = { names: 'all', addedDir: '' };

/** The most important first: Earshot's own in their order, then the added ones by name. */
export async function loadWindowModels({ names, addedDir }: ModelChoice): Promise<LoadedModel<WindowModelCard>[]> {
  const added = await addedNames(addedDir);
  const known = [...VOICE_MODELS, ...added];
  const wanted = names.split(',').map((name) => name.trim());
  for (const name of wanted) {
    if (!known.includes(name) && name !== 'all' && name !== 'none') {
      throw new InvalidInput('model_invalid', {
        expected: `models of ${['all', 'none', ...known].join(', ')}`,
        got: name,
      });
    }
  }
  const chosen = known.filter((name) => wanted.includes('all') || wanted.includes(name));
  return Promise.all(
    chosen.map(async (name) =>
      asWindowModel(await (added.includes(name) ? loadModelFrom(join(addedDir, name)) : loadModel(name))),
    ),
  );
}

/** A folder that is not there holds no model. */
async function addedNames(addedDir: string): Promise<string[]> {
  if (addedDir === '') return [];
  const entries = await readdir(addedDir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}
