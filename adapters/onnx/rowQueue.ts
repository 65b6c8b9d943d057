/** Rows that wait for a model run, the oldest first, each with the promise that its call waits on. */
export interface WaitingRow<Row, Scores> {
  readonly row: Row;
  /** When it came, by the process's monotonic clock (ms). */
  readonly since: number;
  readonly resolve: (scores: Scores) => void;
  readonly reject: (error: Error) => void;
}

export interface RowQueue<Row, Scores> {
  add(row: Row): Promise<Scores>;
  take(rowsMax: number): WaitingRow<Row, Scores>[];
  readonly length: number;
  /** How long the first has waited. */
  waitedMs(): number;
}

export function createRowQueue<Row, Scores>(): RowQueue<Row, Scores> {
  const waiting: WaitingRow<Row, Scores>[] = [];
  return {
    add: (row) =>
      new Promise((resolve, reject) => {
        waiting.push({ row, since: performance.now(), resolve, reject });
      }),
    take: (rowsMax) => waiting.splice(0, rowsMax),
    get length() {
      return waiting.length;
    },
    waitedMs: () => (waiting.length === 0 ? 0 : performance.now() - waiting[0].since),
  };
}
