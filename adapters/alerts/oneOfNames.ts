/** What was expected where a name is not known. */
import { nearestName } from '../../core/units/nearest.ts';

const NAMES_SHOWN_MAX = 12;

/** The name that was probably meant, or all of them where there are few. */
export function oneOfNames(got: string, names: readonly string[]): string {
  const nearest = nearestName(got, names);
  if (nearest !== null) return `${nearest}, perhaps`;
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return names.length <= NAMES_SHOWN_MAX ? `one of ${shown}` : `one of ${shown}, ...`;
}
