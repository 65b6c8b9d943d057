/** Street addresses in English order (a number, a few words, the kind of street) and post codes of Great Britain and Canada. */
import { unitAt } from './spokenNumbers.ts';
import { hide, isSpace, listed, tokensOf, type Hidden, type Token } from './tokens.ts';

const STREETS = listed(
  'street st road rd avenue ave lane ln drive dr court ct boulevard blvd way place pl square sq terrace crescent close parkway highway',
);
/** Words of a name that are no name: "two days on the way". */
const NO_STREET = listed(
  `the a an of on in by at my your our this that is was and or to minutes hours days weeks times people miles blocks only all
   same right one every more other for it's in`,
);
const NAME_TOKENS_MAX = 3;
const HOUSE_UNITS_MAX = 4;
const POST_CODE = /^(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)$/;
/** A post code is read as letters and digits by turns. */
const POST_CODE_TOKENS_MAX = 6;

export function redactAddresses(text: string): string {
  const tokens = tokensOf(text);
  const hidden: Hidden[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const last = streetFrom(tokens, at) ?? postCodeFrom(text, tokens, at);
    if (last === null) continue;
    hidden.push({ first: at, last, placeholder: '[address]' });
    at = last;
  }
  return hide(text, tokens, hidden);
}

function streetFrom(tokens: readonly Token[], at: number): number | null {
  let next = at;
  for (let units = 0; units < HOUSE_UNITS_MAX; units++) {
    const unit = next > at && !isSpace(tokens[next]?.gap ?? '') ? null : unitAt(tokens, next);
    if (unit === null) break;
    next = unit.next;
  }
  if (next === at) return null;
  for (let name = 0; name <= NAME_TOKENS_MAX && next + name < tokens.length; name++) {
    const { kind, lower, gap } = tokens[next + name];
    if (kind === 'placeholder' || !/^(?:\s|\.\s|)$/.test(gap)) return null;
    if (name > 0 && STREETS.has(lower)) return next + name;
    if (NO_STREET.has(lower)) return null;
  }
  return null;
}

function postCodeFrom(text: string, tokens: readonly Token[], at: number): number | null {
  const { start, gap, kind } = tokens[at];
  if (kind !== 'word' || (at > 0 && gap === '')) return null;
  for (let last = at + POST_CODE_TOKENS_MAX - 1; last > at; last--) {
    if (last >= tokens.length || tokens[last + 1]?.gap === '') continue;
    if (tokens[last].end - start <= 8 && POST_CODE.test(text.slice(start, tokens[last].end))) return last;
  }
  return null;
}
