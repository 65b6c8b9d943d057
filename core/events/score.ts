/** An evaluation's verdict on a call, a turn or a request: posted, or read from a span's gen_ai.evaluation.result events. */
export interface Score {
  /** Stable: a score that is sent twice is one. */
  readonly id: string;
  readonly tenant: string;
  /** '' where only the trace tells the call. */
  readonly callKey: string;
  readonly name: string;
  readonly value: number | null;
  readonly label: string;
  readonly explanation: string;
  /** Who judged: a model, a person, a program. */
  readonly source: string;
  /** What it is about, as far as it says: a request, a turn, or a moment of the call. */
  readonly traceId: string;
  readonly spanId: string;
  readonly turnId: string;
  /** The agent's turn by Earshot's own count (v_turns.turn_index). */
  readonly turnIndex: number | null;
  readonly mediaMs: number | null;
  readonly receivedAtMs: number;
}
