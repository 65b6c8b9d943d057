/** What a running call is refused for, in words. */
import type { OpenCall } from '../../core/facts/openCall.ts';
import { InvalidInput } from '../../core/units/errors.ts';
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
