/**
 * Names, by how people introduce, address and spell them, and by the commonest given names. Rules cannot know a name that
 * stands alone and uncommon ("ask Oduya"), nor one that nothing introduces in a text without capitals; a model that reads
 * names can be put behind the same type (Redactor).
 */
import { COMMON_GIVEN_NAMES, NO_NAMES } from './nameLists.ts';
import { isNumberWord } from './spokenNumbers.ts';
import { hide, isCapitalised, isSpace, listed, tokensOf, type Hidden, type Token } from './tokens.ts';

const NAME_TOKENS_MAX = 4;
const SPELLED_LETTERS_MIN = 4;
const TITLES = listed('mr mrs ms miss mister missus dr doctor prof professor señor señora herr frau');
const PARTICLES = listed("van de der den von la le da di del bin ibn al el o' mc mac st");
const CLOSERS = listed('speaking calling here');

/** What introduces a name whatever its case, as words in order. */
const STRONG = [
  'my name is',
  "my name's",
  'my full name is',
  'name is',
  'name was',
  'the name is',
  'first name is',
  'last name is',
  'middle name is',
  'surname is',
  'maiden name is',
  'full name is',
  'name on the account is',
  'name on the card is',
  'i am called',
  "i'm called",
  'speaking with mr',
  'speaking to mr',
  'under the name of',
  'under the name',
  'in the name of',
  'spelled',
].map((phrase) => phrase.split(' '));

/** What introduces a name where a capital follows; "this is" also where "speaking" closes it. */
const WEAK = [
  'this is',
  'i am',
  "i'm",
  "it's",
  'it is',
  'call me',
  'named',
  'called',
  'name',
  'dear',
  'hi',
  'hello',
  'hey',
  'thanks',
  'thank you',
  'speaking with',
  'speaking to',
  'speak with',
  'speak to',
  'talk to',
  'talking to',
  'spoke with',
  'spoke to',
  'goodbye',
  'bye',
  'welcome',
  'ask for',
  'married to',
  'wife',
  'husband',
  'daughter',
  'son',
  'sister',
  'brother',
  'colleague',
  'behalf of',
  'under',
].map((phrase) => phrase.split(' '));

/** Phrases by their last word, so that each token is looked up once. */
const byLastWord = (phrases: readonly string[][]): ReadonlyMap<string, readonly string[][]> =>
  new Map(
    [...new Set(phrases.map((each) => each.at(-1) ?? ''))].map((last) => [
      last,
      phrases.filter((each) => each.at(-1) === last),
    ]),
  );
const STRONG_BY_LAST = byLastWord(STRONG);
const WEAK_BY_LAST = byLastWord(WEAK);

export function redactNames(text: string): string {
  const tokens = tokensOf(text);
  const hidden: Hidden[] = [];
  for (let at = 0; at < tokens.length;) {
    const last = nameFrom(tokens, at);
    if (last !== null) hidden.push({ first: at, last, placeholder: '[name]' });
    at = (last ?? at) + 1;
  }
  return hide(text, tokens, hidden);
}

/** The last token of the name that begins here, if one does. */
function nameFrom(tokens: readonly Token[], at: number): number | null {
  if (tokens[at].kind !== 'word') return null;
  const spelled = spelledFrom(tokens, at);
  if (spelled !== null) return spelled;
  if (isAfterTitle(tokens, at)) return capitalisedFrom(tokens, at) ?? (mayBeName(tokens[at]) ? at : null);
  if (isAfter(tokens, at, STRONG_BY_LAST)) return introducedFrom(tokens, at);
  const closed = isAfter(tokens, at, THIS_IS) ? closedFrom(tokens, at) : null;
  if (closed !== null) return closed;
  if (isAfter(tokens, at, WEAK_BY_LAST) || isCommonName(tokens[at])) return capitalisedFrom(tokens, at);
  return null;
}

const THIS_IS = byLastWord([['this', 'is']]);

/** S M I T H, S-M-I-T-H. */
function spelledFrom(tokens: readonly Token[], at: number): number | null {
  let last = at;
  const isLetter = (token: Token | undefined): boolean => token?.kind === 'word' && [...token.text].length === 1;
  if (!isLetter(tokens[at])) return null;
  while (isLetter(tokens[last + 1]) && /^[\s.,-]{1,2}$/.test(tokens[last + 1].gap)) last += 1;
  return last - at + 1 >= SPELLED_LETTERS_MIN ? last : null;
}

/** In a text without capitals: a word that is no common one, and one more. */
function introducedFrom(tokens: readonly Token[], at: number): number | null {
  const byCapitals = capitalisedFrom(tokens, at);
  if (byCapitals !== null) return byCapitals;
  if (!mayBeName(tokens[at])) return null;
  const next = tokens[at + 1] as Token | undefined;
  const isTwo =
    next !== undefined && isSpace(next.gap) && next.kind === 'word' && mayBeName(next) && !isCapitalised(next);
  return isTwo ? at + 1 : at;
}

/** "this is maria lopez speaking": up to three words that "speaking" or its like follow. */
function closedFrom(tokens: readonly Token[], at: number): number | null {
  for (let last = at; last < tokens.length && last < at + 3; last++) {
    const next = tokens[last + 1] as Token | undefined;
    if (!mayBeName(tokens[last]) || next === undefined || !isSpace(next.gap)) return null;
    if (CLOSERS.has(next.lower)) return last;
  }
  return null;
}

/** Capitalised words one after another, with small particles between them. */
function capitalisedFrom(tokens: readonly Token[], at: number): number | null {
  if (!isCapitalised(tokens[at]) || !mayBeName(tokens[at])) return null;
  let last = at;
  for (let next = at + 1; next < tokens.length && next < at + NAME_TOKENS_MAX; next++) {
    const token = tokens[next];
    if (!/^(?:\s|-|\.\s)$/.test(token.gap) || token.kind !== 'word') break;
    // A full stop ends a name but after an initial.
    if (token.gap.startsWith('.') && tokens[next - 1].text.length > 1) break;
    if (isCapitalised(token) && mayBeName(token)) last = next;
    else if (!PARTICLES.has(token.lower)) break;
  }
  return last;
}

const mayBeName = (token: Token): boolean =>
  token.kind === 'word' && !NO_NAMES.has(token.lower) && !TITLES.has(token.lower) && !isNumberWord(token);

const isCommonName = (token: Token): boolean =>
  isCapitalised(token) && COMMON_GIVEN_NAMES.has(token.lower.replace(/'s$/, ''));

const isAfterTitle = (tokens: readonly Token[], at: number): boolean =>
  at > 0 && TITLES.has(tokens[at - 1].lower) && /^\.?\s$/.test(tokens[at].gap);

function isAfter(tokens: readonly Token[], at: number, phrases: ReadonlyMap<string, readonly string[][]>): boolean {
  if (at === 0 || !/^[,:]?\s{1,3}$/.test(tokens[at].gap)) return false;
  return (phrases.get(tokens[at - 1].lower) ?? []).some((phrase) =>
    phrase.every((word, place) => tokens[at - phrase.length + place]?.lower === word),
  );
}
