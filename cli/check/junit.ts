/** A run as JUnit XML, as Jenkins, GitLab, GitHub's reporters and others read it: a test case a judgement. */
import { isFailing, type Judgement } from '../../core/checks/judge.ts';
import type { Run } from '../../core/checks/results.ts';
import { limitText, momentTexts, valueText } from './reportLines.ts';

export function junitXml({ judgements }: Run, durationMs: number): string {
  const failures = judgements.filter(isFailing).length;
  const skipped = judgements.filter((judgement) => judgement.outcome === 'not_judged' && !isFailing(judgement)).length;
  const counts = attributes({
    name: 'earshot check',
    tests: judgements.length,
    failures,
    errors: 0,
    skipped,
    time: (durationMs / 1_000).toFixed(3),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'earshot check', tests: judgements.length, failures, errors: 0, time: (durationMs / 1_000).toFixed(3) })}>`,
    `  <testsuite${counts}>`,
    ...judgements.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(judgement: Judgement): string {
  const { check, call, outcome, reason, n, value } = judgement;
  const name = [
    check.name,
    ...(call === '' ? [] : [`(${call})`]),
    ...(judgement.kind === 'baseline' ? ['against the baseline'] : []),
  ].join(' ');
  const opening = `    <testcase${attributes({ name, classname: `earshot.${check.metric.name}`, time: '0' })}`;
  if (outcome === 'passed') return `${opening}/>`;
  const message = `${valueText(value, check)} (n ${n}): ${outcome === 'missed' ? reason : `not judged, ${reason}`}`;
  if (!isFailing(judgement)) return `${opening}><skipped${attributes({ message })}/></testcase>`;
  const allowed = judgement.kind === 'limit' ? limitText(check) : `before: ${valueText(judgement.before, check)}`;
  const text = [`allowed: ${allowed}`, ...momentTexts(judgement)].map(escaped).join('\n');
  return `${opening}><failure${attributes({ message, type: outcome })}>${text}</failure></testcase>`;
}

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');

/** What XML 1.0 cannot hold at all, not even escaped: control characters, halves of pairs, two that are no characters. */
// eslint-disable-next-line no-control-regex
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escaped = (text: string): string =>
  text
    .replaceAll(IMPOSSIBLE, '\ufffd')
    .replaceAll(/[&<>"]/g, (character) => ESCAPES[character])
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
