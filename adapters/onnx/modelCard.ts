/** Models and their cards: what a model is, where its weights come from, and that they are the ones that were measured. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { InvalidInput } from '../../core/units/errors.ts';
import { packageRoot } from '../packageRoot.ts';

const Source = Type.Union([
  Type.Object({
    kind: Type.Literal('npm'),
    package: Type.String(),
    version: Type.String(),
    file: Type.String(),
  }),
  /** Beside the card. `scripts`: how it was made, where it was made here. */
  Type.Object({ kind: Type.Literal('file'), file: Type.String(), scripts: Type.Optional(Type.String()) }),
]);

const Output = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9_]*$', description: 'as it is stored' }),
    tensor: Type.String({ description: "the graph's output, [rows, values]" }),
    unit: Type.String(),
    meaning: Type.Optional(Type.String()),
    everyMs: Type.Optional(Type.Number({ description: 'time between values; without it there is one a window' })),
    column: Type.Optional(Type.Integer({ minimum: 0, description: 'which value of the row; without it all of them' })),
    polynomial: Type.Optional(
      Type.Array(Type.Number(), { description: 'post-processing: coefficients, the constant first' }),
    ),
  },
  { additionalProperties: false },
);

/** Of models that read windows of one channel and keep no state; see core/inference/windowModel.ts. */
const Window = Type.Object(
  {
    rateHz: Type.Union([Type.Literal(8_000), Type.Literal(16_000)]),
    windowMs: Type.Integer({ minimum: 160, maximum: 30_000, multipleOf: 10 }),
    beforeMs: Type.Integer({ minimum: 0, maximum: 10_000, multipleOf: 10 }),
    afterMs: Type.Integer({ minimum: 0, maximum: 10_000, multipleOf: 10 }),
    speechShareMin: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  },
  { additionalProperties: false },
);

export const ModelCardSchema = Type.Object({
  name: Type.String({ pattern: '^[a-z][a-z0-9-]*$' }),
  version: Type.String(),
  task: Type.String(),
  licence: Type.String(),
  source: Source,
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  /** The graph's input of samples in [-1, 1], [rows, samples]. */
  input: Type.Optional(Type.String()),
  window: Type.Optional(Window),
  outputs: Type.Optional(Type.Union([Type.Array(Output), Type.Record(Type.String(), Type.String())])),
});

export type ModelCard = Static<typeof ModelCardSchema>;

export interface WindowModelCard extends Omit<ModelCard, 'outputs'> {
  readonly window: Static<typeof Window>;
  readonly outputs: readonly Static<typeof Output>[];
}

export interface LoadedModel<Card = ModelCard> {
  readonly card: Card;
  readonly weights: Uint8Array;
}

/** A model that comes with Earshot, by the name of its folder. */
export const loadModel = (name: string): Promise<LoadedModel> => loadModelFrom(join(packageRoot, 'models', name));

/** Throws model_invalid when the card is not as it should be or the weights are not those that it names. */
export async function loadModelFrom(folder: string): Promise<LoadedModel> {
  const card = parseCard(await readFile(join(folder, 'card.json'), 'utf8'), folder);
  const file = join(card.source.kind === 'npm' ? folderOfPackage(card.source.package) : folder, card.source.file);
  const weights = await readFile(file);
  const sha256 = createHash('sha256').update(weights).digest('hex');
  if (sha256 !== card.sha256) {
    throw new InvalidInput('model_invalid', {
      expected: `${card.source.file} of model ${card.name} with sha256 ${card.sha256}`,
      got: `sha256 ${sha256}`,
    });
  }
  return { card, weights };
}

export function asWindowModel({ card, weights }: LoadedModel): LoadedModel<WindowModelCard> {
  const { window, outputs } = card;
  if (window === undefined || !Array.isArray(outputs) || outputs.length === 0) {
    throw new InvalidInput('model_invalid', {
      expected: `the card of ${card.name} to have a window and a list of outputs`,
      got: window === undefined ? 'no window' : 'no list of outputs',
    });
  }
  return { card: { ...card, window, outputs }, weights };
}

export function parseCard(text: string, where: string): ModelCard {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new InvalidInput('model_invalid', {
      expected: `card.json in ${where} as JSON`,
      got: (error as Error).message,
    });
  }
  if (Value.Check(ModelCardSchema, parsed)) return parsed;
  const [first] = Value.Errors(ModelCardSchema, parsed);
  throw new InvalidInput('model_invalid', {
    expected: `a model card in ${where} (docs/models.md)`,
    got: `${first?.instancePath ?? ''} ${first?.message ?? 'something else'}`.trim(),
  });
}

/** Through the package's entry, because an `exports` map may hide its package.json and its weights. */
function folderOfPackage(packageName: string): string {
  const entry = createRequire(import.meta.url).resolve(packageName);
  const marker = join('node_modules', packageName);
  return entry.slice(0, entry.lastIndexOf(marker) + marker.length);
}
