/** What the redactors look at: words and groups of digits in order, with where they stand; and spans put in place of them. */
export interface Token {
  readonly text: string;
  readonly lower: string;
  readonly start: number;
  readonly end: number;
  readonly kind: 'word' | 'digits' | 'placeholder';
  /** What stands between it and the token before it. */
  readonly gap: string;
}

export type Placeholder = '[email]' | '[address]' | '[number]' | '[name]';

/** A run of tokens, first to last, that gives way to a placeholder. */
export interface Hidden {
  readonly first: number;
  readonly last: number;
  readonly placeholder: Placeholder;
}

/** The branches begin with different characters, so reading is linear in the text. */
const TOKEN = /\[(?:email|address|number|name)\]|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|\p{Nd}+/gu;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [found] = match;
    const start = match.index;
    tokens.push({
      text: found,
      lower: found.toLowerCase().replace(/’/g, "'"),
      start,
      end: start + found.length,
      kind: found.startsWith('[') ? 'placeholder' : /^\p{Nd}/u.test(found) ? 'digits' : 'word',
      gap: text.slice(end, start),
    });
    end = start + found.length;
  }
  return tokens;
}

/** `hidden` in order, none overlapping. */
export function hide(text: string, tokens: readonly Token[], hidden: readonly Hidden[]): string {
  if (hidden.length === 0) return text;
  const parts: string[] = [];
  let from = 0;
  for (const { first, last, placeholder } of hidden) {
    parts.push(text.slice(from, tokens[first].start), placeholder);
    from = tokens[last].end;
  }
  return parts.join('') + text.slice(from);
}

/** Nothing but white space, which never holds a sentence's end. */
export const isSpace = (gap: string): boolean => /^\s{1,3}$/.test(gap);

export const isCapitalised = ({ kind, text }: Token): boolean => kind === 'word' && /^\p{Lu}/u.test(text);

/** Words of a list that is written as one text. */
export const listed = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/).filter((word) => word !== ''));
