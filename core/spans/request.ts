/**
 * A span read: what kind of work it was, whose, how much and what it cost, whichever convention it was written in. Costs are
 * US dollars. What a span does not say is null or ''.
 */
export const REQUEST_KINDS = [
  'llm',
  'stt',
  'tts',
  'tool',
  'retrieval',
  'embedding',
  'rerank',
  /** The decision that a turn is over. */
  'end_of_turn',
  /** A turn of one side, or an agent's run: what contains the others. */
  'turn',
  'session',
  /** Speech of one side as its framework saw it (LiveKit user_speaking, agent_speaking). */
  'speaking',
  'other',
] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

export interface Request {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: RequestKind;
  readonly name: string;
  readonly serviceName: string;
  /** Whose clock its times are on. */
  readonly clock: string;
  /** Unix ms, fractions kept. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly provider: string;
  readonly model: string;
  readonly voice: string;
  /** Of tools: the tool's name. */
  readonly tool: string;
  /** The side that it serves or speaks of. */
  readonly role: 'caller' | 'agent' | '';
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly inputAudioTokens: number | null;
  readonly outputAudioTokens: number | null;
  /** Of synthesis. */
  readonly characters: number | null;
  /** Of recognition and synthesis. */
  readonly audioMs: number | null;
  /** Null: no price is known for it, or nothing to multiply it with. */
  readonly costUsd: number | null;
  /** Time to the first token, chunk of audio or transcript after the start. */
  readonly timeToFirstMs: number | null;
  readonly isCancelled: boolean;
  readonly isError: boolean;
  readonly errorType: string;
  /** The turn that its framework counts it to (Pipecat turn.number, LiveKit speech id). */
  readonly turnId: string;
  /** Seconds by canonical name, as in SpeechEvent.metrics. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Text that the model got or gave, '' where the span has none; never stored but under a tenant's text policy. */
  readonly outputText: string;
}
