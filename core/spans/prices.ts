/** What requests cost, by public prices in US dollars. A cost that would rest on a guess is null. */
import type { Request } from './request.ts';

/** Null: this is not sold by that unit, or its price is not known. */
export interface Price {
  /** As Request.provider names them; empty: whoever offers the model. */
  readonly providers: readonly string[];
  /** The model's name in lower case; `*` stands for any characters. */
  readonly model: string;
  readonly inputPerMillion: number | null;
  readonly cachedInputPerMillion: number | null;
  readonly outputPerMillion: number | null;
  readonly audioInputPerMillion: number | null;
  readonly audioOutputPerMillion: number | null;
  readonly charactersPerMillion: number | null;
  readonly audioMinute: number | null;
}

export interface PriceTable {
  /** Null: not known. */
  priceOf(provider: string, model: string): Price | null;
}

/** Of several that fit, the one that says most of the model's name; of equals the first, so that own prices go before. */
export function priceTable(prices: readonly Price[]): PriceTable {
  const entries = prices
    .map((price) => ({ price, pattern: patternOf(price.model), weight: price.model.replaceAll('*', '').length }))
    .sort((a, b) => b.weight - a.weight);
  const known = new Map<string, Price | null>();
  return {
    priceOf(provider, model) {
      const name = plainModel(model);
      const key = `${provider} ${name}`;
      let price = known.get(key);
      if (price === undefined) {
        const fits = ({ providers }: Price): boolean => providers.length === 0 || providers.includes(provider);
        price = entries.find((entry) => entry.pattern.test(name) && fits(entry.price))?.price ?? null;
        // Names come from outside: a table that remembers them all would grow for ever.
        if (known.size >= REMEMBERED_MAX) known.clear();
        known.set(key, price);
      }
      return price;
    },
  };
}

export const NO_PRICES: PriceTable = priceTable([]);

const REMEMBERED_MAX = 10_000;

/** Without the folder that gateways and Google put before a model's name. */
const plainModel = (model: string): string => model.toLowerCase().replace(/^.*\//, '');

const patternOf = (model: string): RegExp =>
  new RegExp(`^${model.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);

type Usage = Pick<
  Request,
  | 'kind'
  | 'inputTokens'
  | 'outputTokens'
  | 'cachedTokens'
  | 'inputAudioTokens'
  | 'outputAudioTokens'
  | 'characters'
  | 'audioMs'
>;

export function costOf(usage: Usage, price: Price | null): number | null {
  if (price === null) return null;
  switch (usage.kind) {
    case 'llm':
      return tokenCost(usage, price);
    case 'embedding':
      return amount(usage.inputTokens, price.inputPerMillion, 1e6);
    case 'tts':
      return amount(usage.characters, price.charactersPerMillion, 1e6) ?? tokenCost(usage, price);
    case 'stt':
      return amount(usage.audioMs, price.audioMinute, 60_000) ?? tokenCost(usage, price);
    case 'tool':
    case 'retrieval':
    case 'rerank':
    case 'end_of_turn':
    case 'turn':
    case 'session':
    case 'speaking':
    case 'other':
      return null;
  }
}

/** Tokens of audio and cached ones are among the tokens of input, and have prices of their own. */
function tokenCost(usage: Usage, price: Price): number | null {
  const { inputTokens, outputTokens, cachedTokens, inputAudioTokens, outputAudioTokens } = usage;
  if (inputTokens === null || outputTokens === null) return null;
  const audioIn = Math.min(inputAudioTokens ?? 0, inputTokens);
  const cached = Math.min(cachedTokens ?? 0, inputTokens - audioIn);
  const audioOut = Math.min(outputAudioTokens ?? 0, outputTokens);
  return sum([
    amount(inputTokens - audioIn - cached, price.inputPerMillion, 1e6),
    amount(cached, price.cachedInputPerMillion ?? price.inputPerMillion, 1e6),
    amount(audioIn, price.audioInputPerMillion, 1e6),
    amount(outputTokens - audioOut, price.outputPerMillion, 1e6),
    amount(audioOut, price.audioOutputPerMillion, 1e6),
  ]);
}

/** Nothing costs nothing, whatever its price. */
function amount(count: number | null, price: number | null, unit: number): number | null {
  if (count === 0) return 0;
  return count === null || price === null ? null : (count * price) / unit;
}

const sum = (parts: readonly (number | null)[]): number | null =>
  parts.reduce((total, part) => (total === null || part === null ? null : total + part), 0);
