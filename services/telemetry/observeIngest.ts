/**
 * The ingest side as it goes, counted, traced and logged. What is handed back fits the hooks of services/ingest, which this
 * room may not know.
 */
import type { Logger } from 'pino';
import type { SpanAttributes } from '../../adapters/otlp/spanExporter.ts';
import type { ErrorCode } from '../../core/units/errors.ts';
import type { Metrics } from './metrics.ts';
import type { Refusal, SESSION_BEGINNINGS } from './register.ts';
import type { CallMoment, TracedCall, Tracing } from './tracing.ts';

export interface IngestObserver {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Pick<Logger, 'error'>;
}

export interface IngestHooks {
  onMessage(protocol: 'earshot' | 'twilio', bytes: number): void;
  onLogged(): void;
  onError(code: ErrorCode): void;
  onBug(error: Error): void;
  onRefused(reason: Refusal): void;
  onCall(call: TracedCall, moment: CallMoment, attributes?: SpanAttributes): void;
}

/** `client_back`: a client that was away came back to the process that still had its session. */
const BEGINNING_OF: Partial<Record<CallMoment, (typeof SESSION_BEGINNINGS)[number]>> = {
  opened: 'new',
  resumed: 'resumed_elsewhere',
  client_back: 'resumed_here',
};

export function observeIngest({ metrics, tracing, logger }: IngestObserver): IngestHooks {
  return {
    onMessage(protocol, bytes) {
      metrics.messages.inc({ protocol });
      metrics.bytes.inc({ protocol }, bytes);
    },
    onLogged: () => metrics.busPublished.inc(),
    onError: (code) => metrics.errors.inc({ code }),
    onBug: (error) => logger.error({ error: error.stack }, 'a message failed'),
    onRefused: (reason) => metrics.refusals.inc({ reason }),
    onCall(call, moment, attributes) {
      const how = BEGINNING_OF[moment];
      if (how !== undefined) metrics.sessions.inc({ how });
      tracing.callMoment(call, moment, attributes);
    },
  };
}
