/** `earshot rules check | dry-run`: whether a rule file is right and what it says; what it would have told of past calls. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { durationText } from '../../adapters/alerts/duration.ts';
import { parseRules } from '../../adapters/alerts/ruleFile.ts';
import { conditionText, thresholdText } from '../../core/alerts/condition.ts';
import { ruleVersion, type InCallRule, type RuleSet, type WindowedRule } from '../../core/alerts/rules.ts';
import { InvalidInput } from '../../core/units/errors.ts';
import { dryRun } from '../rules/dryRun.ts';
import { DEFAULT_TENANT } from '../../core/units/tenant.ts';
import { renderTable } from '../terminal/table.ts';

export const RULES_HELP = `earshot rules check FILE.yaml
  Reads alert rules (docs/alerts.md) and says what they are, or all that is wrong with them, line by line. Exit code 2 where
  something is wrong.
earshot rules dry-run FILE.yaml [--since 7d] [--tenant T] [--calls N] [--json]
earshot rules dry-run FILE.yaml RECORDING.wav...
  Says what would have fired, when and why: on the calls in the store that began since then (an embedded one while no service
  holds its folder), or on recordings.`;

const CALLS_MAX = 10_000;

export async function rulesCommand(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      since: { type: 'string', default: '7d' },
      tenant: { type: 'string', default: DEFAULT_TENANT },
      calls: { type: 'string', default: String(CALLS_MAX) },
      json: { type: 'boolean' },
    },
  });
  const [what, file, ...recordings] = positionals;
  const isRight = what === 'dry-run' || (what === 'check' && recordings.length === 0);
  if (!isRight || file === undefined) {
    throw new InvalidInput('request_invalid', { expected: RULES_HELP, got: positionals.join(' ') || 'nothing' });
  }
  const rules = await rulesFrom(file);
  if (what === 'check') return printRules(rules);
  const output = values.json === true ? 'json' : 'table';
  await dryRun(rules, {
    recordings,
    since: values.since,
    tenant: values.tenant,
    callsMax: wholeNumber(values.calls),
    output,
  });
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidInput('request_invalid', { expected: '--calls with a whole number from 1', got: text });
}

export async function rulesFrom(file: string): Promise<RuleSet> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new InvalidInput('config_invalid', { expected: 'a rule file that can be read', got: error.message });
  });
  return parseRules(text);
}

function printRules({ inCall, windowed, silences, maintenanceWindows }: RuleSet): void {
  const rules = [...inCall, ...windowed];
  const rows = rules.map((rule) => [rule.name, ruleVersion(rule), rule.severity, saysOf(rule)]);
  console.log(renderTable(['rule', 'version', 'severity', 'fires when'], rows));
  const quiet = silences.length + maintenanceWindows.length;
  console.log(`\n${rules.length} rules, ${inCall.length} of them in calls; ${quiet} silences and maintenance windows`);
}

const saysOf = (rule: InCallRule | WindowedRule): string =>
  'aggregate' in rule ? windowedText(rule) : inCallText(rule);

function inCallText({ on, where, atLeast, windowMs }: InCallRule): string {
  const within = windowMs === null ? 'in the call' : `within ${durationText(windowMs)}`;
  return `${atLeast} x ${on}${where.length === 0 ? '' : ` (${conditionText(where)})`} ${within}`;
}

function windowedText({
  on,
  where,
  aggregate,
  field,
  windowMs,
  groupBy,
  threshold,
  trend,
  countMin,
}: WindowedRule): string {
  const of = `${on}${field === null ? '' : `.${field}`}${where.length === 0 ? '' : ` (${conditionText(where)})`}`;
  const by = groupBy.length === 0 ? '' : ` by ${groupBy.join(', ')}`;
  const over = ` over ${durationText(windowMs)}${by}`;
  if (aggregate === 'absent') return `no call${over}`;
  const compared =
    threshold !== null
      ? thresholdText(threshold)
      : `departs ${trend?.direction} from its baseline of ${durationText(trend?.baselineMs ?? 0)} (${trend?.sensitivity})`;
  return `${aggregate} of ${of}${over} ${compared}, n >= ${countMin}`;
}
