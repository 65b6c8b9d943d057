/**
 * The revision of a row that joining gives: it grows with what was known, so that a later join wins over an earlier one whichever
 * is written last, and at the same knowledge one that had the texts wins over one that had only counts of them.
 */
export type TextAtHand = 'whole' | 'counts';

/** `known`: how much was known, which grows with every report and every word on the audio, and with nothing else. */
export const joinRevision = (known: number, text: TextAtHand): number => 2 * known + (text === 'whole' ? 1 : 0);

export const isOfWholeText = (revision: number): boolean => revision % 2 === 1;
