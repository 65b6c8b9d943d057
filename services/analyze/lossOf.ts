/** Why a saved state is lost: it cannot be read, or what was read is no state of a call. */
import { InvalidInput } from '../../core/units/errors.ts';

export const lossOf = (error: Error): InvalidInput =>
  error instanceof InvalidInput
    ? error
    : new InvalidInput('state_unreadable', { expected: 'a state of a call', got: error.message });
