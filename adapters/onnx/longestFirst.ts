/** Places of rows, the longest row first: what still has windows is then always a prefix. */
import type { SpeechRow } from '../../core/inference/speechModel.ts';

export const longestFirst = (rows: readonly SpeechRow[]): number[] =>
  rows.map((_, index) => index).sort((a, b) => rows[b].windowCount - rows[a].windowCount);
