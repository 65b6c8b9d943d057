/** What requests cost, by public prices in US dollars. A cost that would rest on a guess is null. */
import type { Request } from './request.ts';

/** Null: this is not sold by that unit, or its price is not known. */
export interface Price {
  /** As Request.provider names it. */
  readonly provider: string;
  /** The model's name in lower case; `*` stands for any characters. */
  readonly model: string;
  readonly inputPerMillion: number | null;
  readonly cachedInputPerMillion: number | null;
  readonly outputPerMillion: number | null;
  readonly audioInputPerMillion: number | null;
  readonly audioOutputPerMillion: number | null;
  readonly charactersPerMillion: number | null;
  readonly audioMinute: number | null;
  /** Larger prompts cost more, how much is not known here. */
  readonly inputTokensMax: number | null;
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
        // A span that names no provider means the one that made the model.
        const fits = (entry: Price): boolean => provider === '' || entry.provider === provider;
        const isName = name.length <= NAME_LENGTH_MAX;
        price = isName ? (entries.find((entry) => entry.pattern.test(name) && fits(entry.price))?.price ?? null) : null;
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
const NAME_LENGTH_MAX = 200;

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

/**
 * Tokens of audio and cached ones are among the tokens of input, and have prices of their own. Cached ones are taken to be
 * text, since no convention says which are: with much cached audio the true cost is lower.
 */
function tokenCost(usage: Usage, price: Price): number | null {
  const { inputTokens, outputTokens, cachedTokens, inputAudioTokens, outputAudioTokens } = usage;
  if (inputTokens === null || outputTokens === null) return null;
  if (price.inputTokensMax !== null && inputTokens > price.inputTokensMax) return null;
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
