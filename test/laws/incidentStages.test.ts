/** The laws for the stages that find a voice's faults. */
import fc from 'fast-check';
import { dropouts } from '../../core/voice/dropouts.ts';
import { gibberish } from '../../core/voice/gibberish.ts';
import { loops } from '../../core/voice/loops.ts';
import { checkStageLaws } from '../support/stageLaws.ts';
import { lined, voice, voiceAudio } from '../support/voice.ts';

/** A voice with a stuck grain and holes somewhere, in chunks of some size. */
const broken = fc
  .record({
    seed: fc.integer({ min: 1, max: 99 }),
    periodMs: fc.integer({ min: 100, max: 400 }),
    chunk: fc.integer({ min: 37, max: 900 }),
  })
  .map(({ seed, periodMs, chunk }) => {
    const samples = voice(5, seed);
    for (let i = 8_000 + 8 * periodMs; i < 20_000; i += 1) samples[i] = samples[i - 8 * periodMs];
    for (const at of [22_000, 26_000, 30_000]) samples.fill(0, at, at + 1_700);
    return voiceAudio(lined(samples, seed), chunk);
  });

checkStageLaws({ name: 'loops', make: () => loops('agent'), inputs: broken });
checkStageLaws({ name: 'dropouts of a voice', make: () => dropouts('agent'), inputs: broken });

const share = fc.integer({ min: 0, max: 20 }).map((n) => n / 20);
checkStageLaws({
  name: 'gibberish',
  make: () => gibberish('agent'),
  inputs: fc
    .array(fc.record({ speechShare: share, garbled: share, intelligibility: share }), { maxLength: 60 })
    .map((steps) => steps.map((values, step) => ({ step, ...values }))),
});
