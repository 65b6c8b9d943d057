/** The price table from its files: the one that comes with Earshot, and one of the user's own whose entries go before it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { priceTable, type Price, type PriceTable } from '../../core/spans/prices.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { packageRoot } from '../packageRoot.ts';

const STRICT = { additionalProperties: false };
const Usd = Type.Optional(Type.Number({ minimum: 0 }));

const PricesSchema = Type.Object(
  {
    about: Type.Optional(Type.String()),
    prices: Type.Array(
      Type.Object(
        {
          provider: Type.String({ minLength: 1 }),
          /** A star stands for any characters; names are compared in lower case. */
          models: Type.Array(Type.String({ minLength: 1, maxLength: 200, pattern: '^[^A-Z]*$' }), { minItems: 1 }),
          usd: Type.Object(
            {
              inputPerMillion: Usd,
              cachedInputPerMillion: Usd,
              outputPerMillion: Usd,
              audioInputPerMillion: Usd,
              audioOutputPerMillion: Usd,
              charactersPerMillion: Usd,
              audioMinute: Usd,
            },
            { ...STRICT, minProperties: 1 },
          ),
          inputTokensMax: Type.Optional(Type.Integer({ minimum: 1 })),
          note: Type.Optional(Type.String()),
          lookedUp: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
          source: Type.String({ minLength: 1 }),
        },
        STRICT,
      ),
    ),
  },
  STRICT,
);
type Entry = Static<typeof PricesSchema>['prices'][number];

const validator = Compile(PricesSchema);
const SHIPPED = join(packageRoot, 'deploy', 'prices.json');

/** `ownPath`: a file of the same form as deploy/prices.json. Throws InvalidInput('config_invalid') for one that is not. */
export async function loadPrices(ownPath?: string): Promise<PriceTable> {
  const own = ownPath === undefined ? [] : await readPrices(ownPath);
  return priceTable([...own, ...(await readPrices(SHIPPED))]);
}

async function readPrices(path: string): Promise<Price[]> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw invalid(path, 'a file of prices in JSON', (error as Error).message);
  }
  if (!validator.Check(json)) {
    const [first] = validator.Errors(json);
    throw invalid(path, 'prices in the form of deploy/prices.json', `${first.instancePath || '/'} ${first.message}`);
  }
  return json.prices.flatMap(pricesOf);
}

const pricesOf = ({ provider, models, usd, inputTokensMax }: Entry): Price[] =>
  models.map((model) => ({
    provider,
    model,
    inputPerMillion: usd.inputPerMillion ?? null,
    cachedInputPerMillion: usd.cachedInputPerMillion ?? null,
    outputPerMillion: usd.outputPerMillion ?? null,
    audioInputPerMillion: usd.audioInputPerMillion ?? null,
    audioOutputPerMillion: usd.audioOutputPerMillion ?? null,
    charactersPerMillion: usd.charactersPerMillion ?? null,
    audioMinute: usd.audioMinute ?? null,
    inputTokensMax: inputTokensMax ?? null,
  }));

const invalid = (path: string, expected: string, got: string): InvalidInput =>
  new InvalidInput('config_invalid', { expected: `${path} to be ${expected}`, got });
