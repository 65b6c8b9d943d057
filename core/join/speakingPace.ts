/** How long a text wants to be spoken, by the pace of the call's other turns in the same voice, or by what is usual. */

/**
 * Letters a second while speaking, of English read aloud: LJ Speech has 1,308,674 characters in 23:55:17 of audio
 * (keithito.com/LJ-Speech-Dataset), 15.2 a second. Voices differ by a third either way; the limits below are wider than that.
 */
const USUAL_LETTERS_PER_S = 15;
/** A call's own pace is believed within this factor of the usual one, else a call that is broken throughout would seem normal. */
const OWN_PACE_FACTOR_MAX = 2;
/** A median of four stands although one is off. */
const TURNS_MIN = 4;
/** Shorter turns tell little of a pace. */
const LETTERS_MIN = 15;
const SPEECH_MS_MIN = 700;

/**
 * Half and twice the time: no voice changes its pace by that between turns, while audio that stops early, repeats itself or
 * babbles on does it easily. Under half a second of difference a breath or a slow word would do.
 */
const SHORT_SHARE_MAX = 0.5;
const LONG_SHARE_MIN = 2;
const DIFFERENCE_MS_MIN = 500;

export interface SpokenTurn {
  readonly turnIndex: number;
  readonly voice: string;
  readonly letters: number;
  readonly speechMs: number;
}

export function paceFor({ turnIndex, voice }: SpokenTurn, turns: readonly SpokenTurn[]): number {
  const paces = turns
    .filter((turn) => turn.turnIndex !== turnIndex && turn.voice === voice)
    .filter(({ letters, speechMs }) => letters >= LETTERS_MIN && speechMs >= SPEECH_MS_MIN)
    .map(({ letters, speechMs }) => (letters * 1_000) / speechMs)
    .sort((a, b) => a - b);
  if (paces.length < TURNS_MIN) return USUAL_LETTERS_PER_S;
  const middle = paces.length >> 1;
  const median = paces.length % 2 === 1 ? paces[middle] : (paces[middle - 1] + paces[middle]) / 2;
  const [slowest, fastest] = [USUAL_LETTERS_PER_S / OWN_PACE_FACTOR_MAX, USUAL_LETTERS_PER_S * OWN_PACE_FACTOR_MAX];
  return Math.min(fastest, Math.max(slowest, median));
}

export function lengthVerdict(turn: SpokenTurn, lettersPerS: number): 'fits' | 'too_short' | 'too_long' {
  const expectedMs = (turn.letters * 1_000) / lettersPerS;
  if (Math.abs(turn.speechMs - expectedMs) < DIFFERENCE_MS_MIN) return 'fits';
  if (turn.speechMs < SHORT_SHARE_MAX * expectedMs) return 'too_short';
  return turn.speechMs > LONG_SHARE_MIN * expectedMs ? 'too_long' : 'fits';
}
