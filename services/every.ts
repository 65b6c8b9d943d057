/** Calling back again and again, by the process's clock unless a test owns it. */

/** Returns the function that stops it. */
export type Every = (ms: number, callback: () => void) => () => void;

export const everyInterval: Every = (ms, callback) => {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
};
