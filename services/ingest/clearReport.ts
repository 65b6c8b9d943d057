/** Who throws away what was to be played has decided that the agent is interrupted: the moment is exact, on our clock. */
import type { ClearMessage, ReportMessage } from '../../core/audio/message.ts';
import { eventOf } from '../../core/events/eventOf.ts';
import { CALL_CLOCK } from '../../core/events/speechEvent.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';

export function clearReport(open: OpenCall, { position }: ClearMessage, receivedAtMs: number): ReportMessage {
  const { tenant, callId, protocol, rateHz } = open;
  const origin = { tenant, callKey: callId, source: `${protocol}-stream`, receivedAtMs };
  const startMs = (position * 1_000) / rateHz;
  const event = eventOf({ type: 'interruption', role: 'caller', startMs, clock: CALL_CLOCK }, origin);
  return { type: 'report', events: [event] };
}
