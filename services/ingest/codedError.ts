/** Any failure as a coded error that can be told to a sender; a bug of ours is reported and told without its details. */
import { Busy, InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import type { IngestHooks } from './routes.ts';

export interface CodedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly expected: string;
  readonly got: string;
}

export function asCodedError(error: unknown, hooks: IngestHooks): CodedError {
  if (error instanceof InvalidInput) {
    hooks.onError?.(error.code);
    return { code: error.code, message: error.message, expected: error.expected, got: error.got };
  }
  if (error instanceof Busy) {
    hooks.onError?.(error.code);
    return { code: error.code, message: error.message, expected: 'a free place', got: 'a new call' };
  }
  hooks.onError?.('call_failed');
  hooks.onBug?.(error as Error);
  return { code: 'call_failed', message: 'call_failed: a fault of the server', expected: '', got: '' };
}
