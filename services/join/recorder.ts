/**
 * Takes reports from the bus and makes them durable: under the tenant's text policy, raw, as they came. What they say of calls
 * is the joiner's to find out.
 */
import type { Reports } from '../../adapters/bus/bus.ts';
import type { RowWriter } from '../../adapters/clickhouse/rowWriter.ts';
import {
  keepPlainText,
  keepScoreText,
  keepText,
  type TextPolicy,
  type TextTools,
} from '../../core/events/textPolicy.ts';
import { reportedEventRow, reportedScoreRow } from '../../core/rows/reportRows.ts';
import { spanRow } from '../../core/rows/spanRow.ts';
import type { TableRow } from '../../core/rows/tables.ts';
import { callKeysOf } from '../../core/spans/callKeys.ts';
import { withoutContent } from '../../core/spans/content.ts';
import { scoresOf } from '../../core/spans/spanScores.ts';
import type { HeldTexts } from './heldTexts.ts';

export interface RecorderOptions {
  readonly writer: Pick<RowWriter, 'append'>;
  readonly texts: HeldTexts;
  readonly policyOf: (tenant: string) => TextPolicy;
  readonly textTools: TextTools;
  /**
   * The reports are durable: calls by these names, or on these traces, have to be joined again. Resolves when whoever joins them
   * knows it.
   */
  readonly onRecorded: (tenant: string, callKeys: Iterable<string>, traceIds: Iterable<string>) => Promise<void>;
}

/** Throws Busy, having taken nothing, when the writer has no room. */
export function createRecorder(options: RecorderOptions): (reports: Reports) => Promise<void> {
  const { writer, texts, policyOf, textTools, onRecorded } = options;

  return async ({ tenant, events, spans, scores }) => {
    const policy = policyOf(tenant);
    const keep = (text: string): string => keepPlainText(text, policy, textTools);
    const verdicts = [...scores, ...spans.flatMap(scoresOf)];
    const kept = events.map((event) => keepText(event, policy, textTools));
    const rows: TableRow[] = [
      ...kept.map(reportedEventRow),
      ...spans.map((span): TableRow => ({ table: 'otel_traces', row: spanRow(withoutContent(span, keep)) })),
      ...verdicts.map((score) => reportedScoreRow(keepScoreText(score, policy, textTools))),
    ];
    await writer.append(rows);
    events.forEach((event, index) => {
      // A policy that keeps everything gives back the same event.
      if (kept[index] !== event) texts.hold(event);
    });
    await onRecorded(
      tenant,
      new Set([
        ...events.map(({ callKey }) => callKey),
        ...verdicts.map(({ callKey }) => callKey).filter((key) => key !== ''),
        ...spans.flatMap((span) => callKeysOf(span).map(({ key }) => key)),
      ]),
      new Set([
        ...spans.map(({ traceId }) => traceId),
        ...verdicts.map(({ traceId }) => traceId).filter((id) => id !== ''),
      ]),
    );
  };
}
