/** A run as Markdown, for a comment on a pull request: what did not pass first, all else folded away. */
import { outcomeOf, type Run } from '../../core/checks/results.ts';
import { countsText, momentTexts, reportLines, type ReportLine } from './reportLines.ts';

const TITLES = { passed: 'passed', failed: 'failed', nothing_judged: 'judged nothing' } as const;
const WORDS = { passed: 'ok', missed: '**missed**', not_judged: 'not judged' } as const;

export function markdownReport(run: Run): string {
  const lines = reportLines(run);
  const others = lines.filter(({ outcome }) => outcome !== 'passed');
  const passed = lines.filter(({ outcome }) => outcome === 'passed');
  const moments = run.judgements
    .filter(({ outcome }) => outcome === 'missed')
    .flatMap((judgement) => {
      const texts = momentTexts(judgement);
      return texts.length === 0 ? [] : [`- ${plain(judgement.check.name)}: ${plain(texts.join(', '))}`];
    });
  return [
    `### Calls: checks ${TITLES[outcomeOf(run)]}`,
    '',
    countsText(run),
    ...(others.length === 0 ? [] : ['', ...table(others)]),
    ...(moments.length === 0 ? [] : ['', 'Where to listen:', '', ...moments]),
    ...(passed.length === 0
      ? []
      : ['', '<details><summary>What passed</summary>', '', ...table(passed), '', '</details>']),
    ...(run.notes.length === 0 ? [] : ['', ...run.notes.map((note) => `- ${plain(note)}`)]),
    '',
  ].join('\n');
}

const table = (lines: readonly ReportLine[]): string[] => [
  '| | check | value | allowed | n | |',
  '|---|---|---|---|---|---|',
  ...lines.map(({ outcome, check, value, limit, n, note }) =>
    row([WORDS[outcome], ...[check.trim(), value, limit, n, note].map(plain)]),
  ),
];

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Names come from files, and a name must not become a link, a mention or a tag. */
const plain = (text: string): string =>
  text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll(/[\\`*_{}[\]<>()#!|~]/g, '\\$&')
    .replaceAll('@', '@\u200b');
