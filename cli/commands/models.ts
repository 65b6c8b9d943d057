/** `earshot models`: the models that hear how people speak, Earshot's own and those that the user added. */
import { parseArgs } from 'node:util';
import { addModel, removeModel } from '../../adapters/onnx/addedModels.ts';
import { loadWindowModels } from '../../adapters/onnx/windowModels.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { readConfig } from '../../services/config.ts';
import { renderTable } from '../terminal/table.ts';

export const MODELS_HELP = `earshot models
earshot models add CARD.json MODEL.onnx
earshot models remove NAME
  Lists the models that hear how people speak; adds one by its card and its weights (docs/models.md), or removes it again.
  Added models are kept in EARSHOT_MODELS_DIR; their scores are in earshot.v_model_scores.`;

export async function modelsCommand(args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  const [verb, ...rest] = positionals;
  const { models } = readConfig();
  if (verb === undefined) return list();
  if (verb === 'add' && rest.length === 2) {
    const card = await addModel(rest[0], rest[1], models.addedDir);
    console.log(`added ${card.name} ${card.version}: ${card.outputs.map(({ name }) => name).join(', ')}`);
    return;
  }
  if (verb === 'remove' && rest.length === 1) {
    await removeModel(rest[0], models.addedDir);
    console.log(`removed ${rest[0]}`);
    return;
  }
  throw new InvalidInput('request_invalid', { expected: MODELS_HELP, got: positionals.join(' ') });
}

async function list(): Promise<void> {
  const { models } = readConfig();
  const all = await loadWindowModels({ ...models, names: 'all' });
  const on = new Set((await loadWindowModels(models)).map(({ card }) => card.name));
  const rows = all.map(({ card, weights }) => [
    card.name,
    card.version,
    on.has(card.name) ? 'on' : 'off',
    `${card.window.windowMs} ms at ${card.window.rateHz / 1_000} kHz`,
    card.outputs.map(({ name, unit }) => `${name} (${unit})`).join(', '),
    card.licence,
    `${Math.round(weights.byteLength / 1_024)} kB`,
  ]);
  console.log(renderTable(['model', 'version', '', 'reads', 'tells', 'licence', 'size'], rows));
}
