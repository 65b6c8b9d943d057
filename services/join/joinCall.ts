/** Joins one call: all that is known of it in, the rows out that differ from what was written last. */
import type { CallInputs } from '../../adapters/clickhouse/joinReader.ts';
import type { AlignedRequest, Joined } from '../../core/join/joined.ts';
import type { JoinInput } from '../../core/join/joinInput.ts';
import { NOWHERE } from '../../core/join/placing.ts';
import { wallClock } from '../../core/join/wallClock.ts';
import { uncounted } from '../../core/spans/countedOnce.ts';
import type { PriceTable } from '../../core/spans/prices.ts';
import { readRequest } from '../../core/spans/readRequest.ts';
import type { Request } from '../../core/spans/request.ts';
import { requestsOfCall } from '../../core/spans/requestsOfCall.ts';
import type { HeldTexts } from './heldTexts.ts';
import { itemsOf, requestId, type Item } from './joinedItems.ts';
import { joinInputOf } from './joinInputOf.ts';
import type { WrittenRows } from './writtenRows.ts';

export interface JoinCallOptions {
  readonly join: (input: JoinInput) => Joined;
  readonly prices: PriceTable;
  readonly texts: HeldTexts;
}

/** Null: nothing is reported of it. What is given counts as written. */
export function joinCall(
  key: string,
  known: CallInputs,
  { join, prices, texts }: JoinCallOptions,
  written: WrittenRows,
): Item[] | null {
  const requests = requestsOfCall(known.spans, new Set(known.call.keys), known.otherKeys, prices);
  if (known.events.length + requests.length + known.scores.length === 0 && !written.has(key)) return null;
  const input = joinInputOf(known, { events: known.events.map((event) => texts.withText(event)), requests });
  const given = givenAway(key, known, requests, { prices, written });
  const items = itemsOf(known, join(input), given, wallClock(input.anchors), (event) => texts.isWhole(event));
  return written.changed(key, items);
}

interface Given {
  readonly prices: PriceTable;
  readonly written: WrittenRows;
}

/** Spans that were taken for the call's until their trace named another: they stay in its trace, and count for nothing. */
function givenAway(
  key: string,
  { spans }: CallInputs,
  requests: readonly Request[],
  { prices, written }: Given,
): AlignedRequest[] {
  const own = new Set(requests.map(requestId));
  return spans
    .filter((span) => written.hasItem(key, requestId(span)) && !own.has(requestId(span)))
    .map((span) => ({ request: uncounted(readRequest(span, prices)), ...NOWHERE }));
}
