/** The measures of facts that have many: by name and unit, as `facts.measures` holds them. What is unknown is left out. */
import type { FactOf } from '../facts/facts.ts';
import { SAMPLES_PER_MS } from '../units/time.ts';

type Measured = FactOf<'prosody' | 'tone_change' | 'quality' | 'gibberish' | 'loop'>;

export const measuresOf = (fact: Measured): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(named(fact)).filter((entry): entry is [string, number] => entry[1] !== null));

function named(fact: Measured): Readonly<Record<string, number | null>> {
  switch (fact.kind) {
    case 'prosody':
      return {
        level_range_db: fact.levelRangeDb,
        pauses: fact.pauseCount,
        pause_ms: fact.pauseSamples / SAMPLES_PER_MS,
        voiced_share: fact.voicedShare,
        f0_hz: fact.f0Hz,
        f0_range_st: fact.f0RangeSt,
        f0_slope_st_per_s: fact.f0SlopeStPerS,
        f0_final_st: fact.f0FinalSt,
        f0_sd_st: fact.f0SdSt,
        monotony: fact.monotony,
        syllables: fact.syllables,
        speaking_rate_per_s: fact.speakingRate,
        articulation_rate_per_s: fact.articulationRate,
        jitter_percent: fact.jitterPercent,
        shimmer_percent: fact.shimmerPercent,
        harmonicity_db: fact.harmonicityDb,
        arousal: fact.arousal,
      };
    case 'tone_change':
      return {
        f0_shift_st: fact.f0ShiftSt,
        level_shift_db: fact.levelShiftDb,
        rate_shift_per_s: fact.rateShift,
        arousal_shift: fact.arousalShift,
      };
    case 'quality':
      return {
        intelligibility: fact.intelligibility,
        signal_mos: fact.signalMos,
        background_mos: fact.backgroundMos,
        overall_mos: fact.overallMos,
      };
    case 'gibberish':
      return { intelligibility: fact.intelligibility };
    case 'loop':
      return { period_ms: fact.periodSamples / SAMPLES_PER_MS };
  }
}
