/** Colours only where a person looks, and not where they have asked for none (https://no-color.org). */
import type { Style } from './callView.ts';

export const terminalStyle = (): Style => {
  const isTerminal = process.stdout.isTTY === true;
  return {
    colour: isTerminal && (process.env.NO_COLOR ?? '') === '' ? 'on' : 'off',
    provisional: isTerminal ? 'shown' : 'hidden',
  };
};
