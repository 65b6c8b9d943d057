/** The least and the most of a list of any length: as arguments of Math.min a hundred thousand values overflow the stack. */
export const leastOf = (values: readonly number[]): number =>
  values.reduce((least, value) => (value < least ? value : least), Infinity);

export const mostOf = (values: readonly number[]): number =>
  values.reduce((most, value) => (value > most ? value : most), -Infinity);
