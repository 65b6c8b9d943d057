/** A run's table on the terminal, with the moments behind what was missed. */
import type { Run } from '../../core/checks/results.ts';
import type { Style } from '../terminal/callView.ts';
import { renderTable } from '../terminal/table.ts';
import { countsText, momentTexts, reportLines } from './reportLines.ts';

const WORDS = { passed: 'ok', missed: 'MISSED', not_judged: 'not judged' } as const;
const COLOURS = { passed: 32, missed: 31, not_judged: 33 } as const;

export function terminalReport(run: Run, { colour }: Pick<Style, 'colour'>): string {
  const lines = reportLines(run);
  const table = renderTable(
    ['', 'check', 'value', 'allowed', 'n', ''],
    lines.map(({ outcome, check, value, limit, n, note }) => [WORDS[outcome], check, value, limit, n, note]),
  ).split('\n');
  // Colours have no width: they come after the columns have theirs.
  const painted = table.map((text, row) => {
    const line = lines[row - (table.length - lines.length)];
    return colour === 'off' || line === undefined ? text : `\u001b[${COLOURS[line.outcome]}m${text}\u001b[0m`;
  });
  const missed = run.judgements.filter(({ outcome }) => outcome === 'missed');
  const moments = missed.flatMap((judgement) => {
    const texts = momentTexts(judgement);
    return texts.length === 0 ? [] : [`${judgement.check.name}: ${texts.join(', ')}`];
  });
  return [
    ...(lines.length === 0 ? [] : painted),
    ...(moments.length === 0 ? [] : ['', ...moments]),
    '',
    countsText(run),
    ...run.notes,
  ].join('\n');
}
