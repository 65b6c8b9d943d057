/** Bodies of the facts in which what others report meets what was heard. Null is not known, and a field beside it says why. */
import type { InterruptionOutcome } from './facts.ts';

/** That clock - Earshot's = offsetMs + driftPpm / 1e6 x (ms since the call's start). */
export interface ClockOffset {
  readonly clock: string;
  readonly offsetMs: number;
  readonly driftPpm: number;
  /** Moments that must coincide and were found to: playback beside the agent's onsets, words beside speech. */
  readonly pairCount: number;
  /** Share of the moments that it told which found a partner. */
  readonly matchedShare: number | null;
  /** Median distance of the pairs from the estimate; null without pairs. */
  readonly spreadMs: number | null;
  /**
   * `receipts`: by the steady distance from telling to receipt. `assumed`: nothing to estimate by, so it is taken to be right
   * (offset 0). `ambiguous`: several fit, none is applied.
   */
  readonly basis: 'estimated' | 'receipts' | 'assumed' | 'ambiguous';
}

/** The stages of a response in the order in which they end. Retrieval and tools are parts of the wait for the model. */
export const RESPONSE_PARTS = ['end_of_turn', 'stt', 'retrieval', 'tool', 'llm', 'tts', 'playout'] as const;
export type ResponsePart = (typeof RESPONSE_PARTS)[number];

/**
 * Why a part is not known. no_report: nobody told when it ended. start_unknown: the end of the stage before it is not known.
 * not_observed: nothing tells whether there was one. clock_unknown: told by a clock that could not be aligned.
 */
export type PartUnknown = '' | 'no_report' | 'start_unknown' | 'not_observed' | 'clock_unknown';

export interface ResponseBreakdown {
  readonly latencySamples: number;
  /** Known parts and `unattributedSamples` add up to the latency, to the sample. */
  readonly parts: Readonly<Record<ResponsePart, { readonly samples: number | null; readonly unknown: PartUnknown }>>;
  readonly unattributedSamples: number;
  /** The largest, the unattributed rest included. */
  readonly dominant: ResponsePart | 'unattributed';
  /** What the framework says the latency was, beside what was heard. */
  readonly reportedLatencyMs: number | null;
  readonly sttConfidence: number | null;
  readonly traceId: string;
  readonly turnId: string;
  readonly sttProvider: string;
  readonly sttModel: string;
  readonly llmProvider: string;
  readonly llmModel: string;
  readonly ttsProvider: string;
  readonly ttsModel: string;
  readonly ttsVoice: string;
  readonly toolNames: readonly string[];
  /** Who told the end of each stage: sources and span names. */
  readonly toldBy: Readonly<Partial<Record<ResponsePart, string>>>;
}

export interface InterruptionBreakdown {
  readonly outcome: InterruptionOutcome;
  /** Onset to the agent's silence, as the interruption itself says; null where it did not yield. */
  readonly latencySamples: number | null;
  /** Onset to the framework's decision. */
  readonly detectionSamples: number | null;
  /** Decision to silence: what was buffered played on. */
  readonly flushSamples: number | null;
  readonly decisionUnknown: '' | 'no_report' | 'clock_unknown';
  /** Speech of the agent that the caller heard after the decision. */
  readonly speechAfterDecisionSamples: number | null;
  /** How long the framework says that stopping took. */
  readonly reportedLatencyMs: number | null;
  readonly toldBy: string;
}

/**
 * fits: as long as its text wants. too_short, too_long: not. silent_words: words were to be said where the audio is silent.
 * no_audio: text, and nothing heard. no_text: speech, and no text for it. unknown: nothing to compare.
 */
export type TextVerdict = 'fits' | 'too_short' | 'too_long' | 'silent_words' | 'no_audio' | 'no_text' | 'unknown';

/** Null is not known; `unknown` says why. */
export interface AgentText {
  readonly verdict: TextVerdict;
  /** The agent was cut before it had said everything. */
  readonly isCut: boolean;
  readonly generatedWords: number | null;
  readonly heardWords: number | null;
  readonly generatedCharacters: number | null;
  readonly heardCharacters: number | null;
  /** Heard words over the time from their first to their last. */
  readonly wordsPerMinute: number | null;
  readonly silentWords: number | null;
  /** Between the text that was to be said and an STT of the agent's channel, 0..; null without such an STT. */
  readonly wordErrorRate: number | null;
  readonly characterErrorRate: number | null;
  /** Mean confidence of that STT. */
  readonly sttConfidence: number | null;
  /** no_report: no text came. text_not_kept: text came and was not kept. no_timing: text without any time. */
  readonly unknown: '' | 'no_report' | 'text_not_kept' | 'no_timing';
}
