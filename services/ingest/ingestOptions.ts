/** What the ingest side needs of the world around it; everything is handed in, so that tests own the clock. */
import type { FastifyBaseLogger } from 'fastify';
import type { Bus } from '../../adapters/bus/bus.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { ErrorCode } from '../../core/units/errors.ts';
import type { Every } from '../every.ts';
import type { Refusal } from '../telemetry/register.ts';
import type { CallMoment } from '../telemetry/tracing.ts';
import type { IngestLimits } from './limits.ts';

/** What is durable of a call that this process does not know. */
export interface CallDirectory {
  lastDurable(tenant: string, callId: string): Promise<{ readonly seq: number; readonly ended: boolean } | null>;
}

/** For metrics and traces; called once a message, an error or a moment of a call. */
export interface IngestHooks {
  readonly onMessage?: (protocol: 'earshot' | 'twilio', bytes: number) => void;
  /** An entry of a call's log cannot be lost any more. */
  readonly onLogged?: () => void;
  readonly onError?: (code: ErrorCode) => void;
  readonly onBug?: (error: Error) => void;
  /** A call, a socket or a request was not let in. */
  readonly onRefused?: (reason: Refusal) => void;
  readonly onCall?: (call: OpenCall, moment: CallMoment) => void;
}

export interface IngestOptions {
  /** A name for each session that no other process gives; a random one unless a test gives them. */
  readonly newSession?: () => string;
  readonly bus: Bus;
  readonly directory: CallDirectory;
  readonly limits: IngestLimits;
  /** How far the analysis is behind; 0 unless it is told. */
  readonly analysisDelayMs?: () => number;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  readonly hooks: IngestHooks;
  /** The only timer of the ingest side; `setInterval` unless a test drives it. */
  readonly every?: Every;
  /** Pino's; the server's own unless another is given. */
  readonly logger?: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
}
