/** Columns of the facts in which what others report meets what was heard: numbers into `measures`, words into `details`. */
import type { FactOf } from '../facts/facts.ts';
import { RESPONSE_PARTS } from '../facts/reported.ts';
import { SAMPLES_PER_MS } from '../units/time.ts';
import type { RowOf } from './tables.ts';

type Joined = FactOf<'clock_offset' | 'response_breakdown' | 'interruption_breakdown' | 'agent_text'>;
type Columns = Partial<RowOf<'facts'>> & Required<Pick<RowOf<'facts'>, 'measures' | 'details'>>;

export function joinedColumns(fact: Joined): Columns {
  switch (fact.kind) {
    case 'clock_offset':
      return {
        reason: fact.basis,
        measures: known({
          offset_ms: fact.offsetMs,
          drift_ppm: fact.driftPpm,
          pairs: fact.pairCount,
          matched_share: fact.matchedShare,
          spread_ms: fact.spreadMs,
        }),
        details: said({ clock: fact.clock }),
      };
    case 'response_breakdown':
      return { latency_samples: fact.latencySamples, outcome: fact.dominant, ...responseColumns(fact) };
    case 'interruption_breakdown':
      return {
        outcome: fact.outcome,
        latency_samples: fact.latencySamples,
        reason: fact.decisionUnknown,
        measures: known({
          detection_ms: inMs(fact.detectionSamples),
          flush_ms: inMs(fact.flushSamples),
          speech_after_decision_ms: inMs(fact.speechAfterDecisionSamples),
          reported_latency_ms: fact.reportedLatencyMs,
        }),
        details: said({ told_by: fact.toldBy }),
      };
    case 'agent_text':
      return {
        outcome: fact.verdict,
        reason: fact.unknown,
        measures: known({
          is_cut: fact.isCut ? 1 : 0,
          generated_words: fact.generatedWords,
          heard_words: fact.heardWords,
          generated_characters: fact.generatedCharacters,
          heard_characters: fact.heardCharacters,
          words_per_minute: fact.wordsPerMinute,
          silent_words: fact.silentWords,
          word_error_rate: fact.wordErrorRate,
          character_error_rate: fact.characterErrorRate,
          stt_confidence: fact.sttConfidence,
        }),
        details: {},
      };
  }
}

/** Sixteenths of a millisecond are exact in a Float32, so the parts in SQL add up as the samples do. */
function responseColumns(fact: FactOf<'response_breakdown'>): Pick<Columns, 'measures' | 'details'> {
  const parts = RESPONSE_PARTS.map((part) => [`${part}_ms`, inMs(fact.parts[part].samples)] as const);
  const unknown = RESPONSE_PARTS.map((part) => [`${part}_unknown`, fact.parts[part].unknown] as const);
  const toldBy = RESPONSE_PARTS.map((part) => [`${part}_told_by`, fact.toldBy[part] ?? ''] as const);
  return {
    measures: known({
      ...Object.fromEntries(parts),
      unattributed_ms: inMs(fact.unattributedSamples),
      reported_latency_ms: fact.reportedLatencyMs,
      stt_confidence: fact.sttConfidence,
    }),
    details: said({
      ...Object.fromEntries([...unknown, ...toldBy]),
      trace_id: fact.traceId,
      turn_id: fact.turnId,
      stt_provider: fact.sttProvider,
      stt_model: fact.sttModel,
      llm_provider: fact.llmProvider,
      llm_model: fact.llmModel,
      tts_provider: fact.ttsProvider,
      tts_model: fact.ttsModel,
      tts_voice: fact.ttsVoice,
      tools: fact.toolNames.join(','),
    }),
  };
}

const inMs = (samples: number | null): number | null => (samples === null ? null : samples / SAMPLES_PER_MS);

const known = (measures: Readonly<Record<string, number | null>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(measures).filter((entry): entry is [string, number] => entry[1] !== null));

const said = (details: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(details).filter(([, text]) => text !== ''));
