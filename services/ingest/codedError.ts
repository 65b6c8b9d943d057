/** Any failure as a coded error that can be told to a sender; a bug of ours is reported and told without its details. */
import type { EndReason } from '../../core/facts/facts.ts';
import { Busy, InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import type { IngestHooks } from './ingestOptions.ts';

export interface CodedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly expected: string;
  readonly got: string;
  /** Why the call ends, if one runs: the sender's fault, or ours. */
  readonly endReason: EndReason;
}

/** Counts it, too: every failure passes here once. */
export function asCodedError(error: unknown, hooks: IngestHooks): CodedError {
  const coded = codedErrorOf(error);
  hooks.onError?.(coded.code);
  if (coded.code === 'call_failed') hooks.onBug?.(error instanceof Error ? error : new Error(String(error)));
  return coded;
}

function codedErrorOf(error: unknown): CodedError {
  if (error instanceof InvalidInput) {
    const { code, message, expected, got } = error;
    return { code, message, expected, got, endReason: 'invalid_input' };
  }
  if (error instanceof Busy) {
    const { code, message, retryAfterMs } = error;
    return {
      code,
      message,
      expected: `to be asked again in ${retryAfterMs} ms`,
      got: 'a new call',
      endReason: 'failed',
    };
  }
  return {
    code: 'call_failed',
    message: 'call_failed: a fault of the server ended this call',
    expected: 'no fault of the server',
    got: 'one, which its log describes',
    endReason: 'failed',
  };
}
