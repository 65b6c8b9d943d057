/** What a running call is refused for, in words. */
import type { FactOf } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import { InvalidInput, type ErrorCode } from '../../core/units/errors.ts';
import type { IngestLimits } from './limits.ts';

export const tooLong = ({ callMsMax }: IngestLimits, got: string): InvalidInput =>
  new InvalidInput('call_too_long', { expected: `a call of at most ${callMsMax / 3_600_000} h`, got });

export const wrongLane = ({ layout }: OpenCall, lane: string): InvalidInput =>
  new InvalidInput('protocol_violation', {
    expected: layout === 'interleaved' ? 'lane 255 (both) in an interleaved stream' : 'lane 0 or 1 in separate streams',
    got: `lane ${lane}`,
  });

export const clearOfMedia = (): InvalidInput =>
  new InvalidInput('protocol_violation', {
    expected: 'clear only with agentPlacement playout: audio placed by its media time cannot be taken back',
    got: 'clear with agentPlacement media',
  });

export const tooFar = ({ jumpMsMax }: IngestLimits, cameSamples: number, position: number): InvalidInput =>
  new InvalidInput('timestamp_out_of_range', {
    expected: `a position at most ${jumpMsMax / 1_000} s after what has come (${cameSamples} samples), and within a day`,
    got: `${position} samples`,
  });

/** The call was ended, but not from here: by the analysis, or by its sender (or its silence) at another process. */
export function endedElsewhere({ reason, errorCode, errorText }: FactOf<'call_ended'>): Error {
  if (reason === 'failed') return new Error(`the analysis ended the call: ${errorText}`);
  if (reason === 'invalid_input') {
    return new InvalidInput(errorCode as ErrorCode, { expected: 'input that can be analysed', got: errorText });
  }
  return new InvalidInput('call_already_ended', {
    expected: 'a call that has not ended',
    got: `one that is ${reason}`,
  });
}
