/**
 * Every error that a user can meet, declared once: its code, its HTTP status and its WebSocket close code.
 * docs/errors.md explains each; a test fails when one is missing there.
 */
interface ErrorSpec {
  readonly httpStatus: number;
  readonly closeCode: number;
}

export const ERROR_CODES = {
  hello_invalid: { httpStatus: 400, closeCode: 1008 },
  channels_unsupported: { httpStatus: 400, closeCode: 1008 },
  encoding_unsupported: { httpStatus: 400, closeCode: 1008 },
  rate_unsupported: { httpStatus: 400, closeCode: 1008 },
  protocol_violation: { httpStatus: 400, closeCode: 1008 },
  message_invalid: { httpStatus: 400, closeCode: 1007 },
  audio_misaligned: { httpStatus: 400, closeCode: 1007 },
  message_too_large: { httpStatus: 413, closeCode: 1009 },
  timestamp_out_of_range: { httpStatus: 400, closeCode: 1008 },
  sequence_gap: { httpStatus: 400, closeCode: 1008 },
  playout_overflow: { httpStatus: 400, closeCode: 1008 },
  call_superseded: { httpStatus: 409, closeCode: 4009 },
  call_already_ended: { httpStatus: 409, closeCode: 1008 },
  call_too_long: { httpStatus: 400, closeCode: 1008 },
  hello_timeout: { httpStatus: 408, closeCode: 1008 },
  overloaded: { httpStatus: 503, closeCode: 1013 },
  call_failed: { httpStatus: 500, closeCode: 1011 },
  file_invalid: { httpStatus: 400, closeCode: 1008 },
  file_truncated: { httpStatus: 400, closeCode: 1008 },
  model_invalid: { httpStatus: 500, closeCode: 1011 },
  config_invalid: { httpStatus: 500, closeCode: 1011 },
  state_unreadable: { httpStatus: 500, closeCode: 1011 },
  store_unavailable: { httpStatus: 503, closeCode: 1013 },
  not_found: { httpStatus: 404, closeCode: 1008 },
  truth_invalid: { httpStatus: 400, closeCode: 1008 },
  thresholds_invalid: { httpStatus: 400, closeCode: 1008 },
  results_invalid: { httpStatus: 400, closeCode: 1008 },
  request_invalid: { httpStatus: 400, closeCode: 1008 },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What was expected and what came instead; both go into the message that the sender sees. */
export interface Mismatch {
  readonly expected: string;
  readonly got: string;
}

/** Input that breaks a contract: the sender's fault, answered with a code; never a bug of ours. */
export class InvalidInput extends Error {
  readonly code: ErrorCode;
  readonly expected: string;
  readonly got: string;

  constructor(code: ErrorCode, { expected, got }: Mismatch) {
    super(`${code}: expected ${expected}; got ${got}`);
    this.name = 'InvalidInput';
    this.code = code;
    this.expected = expected;
    this.got = got;
  }
}

/** No room right now: slow down and ask again. Nothing of what was refused has been taken. */
export class Busy extends Error {
  readonly code = 'overloaded' satisfies ErrorCode;
  readonly retryAfterMs: number;

  constructor(what: string, retryAfterMs: number) {
    super(`overloaded: ${what}; retry after ${retryAfterMs} ms`);
    this.name = 'Busy';
    this.retryAfterMs = retryAfterMs;
  }
}
