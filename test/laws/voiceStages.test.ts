/** The laws for the stages behind the window models, over windows of any speech, some of them not measured. */
import fc from 'fast-check';
import type { WindowScores } from '../../core/inference/windowModel.ts';
import { VOICE_FORMAT } from '../../core/inference/windowModel.ts';
import { emptyColumns } from '../../core/voice/frameColumns.ts';
import { voice } from '../../core/voice/voice.ts';
import type { MeasuredWindow } from '../../core/voice/windows.ts';
import { measureByLevel } from '../support/fakeBatcher.ts';
import { checkStageLaws } from '../support/stageLaws.ts';

const { windowFrames, beforeFrames, afterFrames } = VOICE_FORMAT;
const FRAME = VOICE_FORMAT.rateHz / 100;

type Answer = 'measured' | 'shed' | 'silent';

/** A window with speech in [from, to), as loud as `level`; its samples are a wavering tone. */
function windowOf(index: number, answer: Answer, from: number, to: number, level: number): MeasuredWindow {
  const columns = emptyColumns(windowFrames);
  const row = new Float32Array((beforeFrames + windowFrames + afterFrames) * FRAME);
  for (let frame = 0; frame < windowFrames; frame += 1) {
    const talks = answer !== 'silent' && frame >= from && frame < to;
    columns.levelDbfs[frame] = talks ? 20 * Math.log10(level) : -80;
    columns.probability[frame] = talks ? 0.9 : 0.05;
    columns.flags[frame] = talks ? 1 : 0;
    if (!talks) continue;
    const start = (beforeFrames + frame) * FRAME;
    for (let i = start; i < start + FRAME; i += 1) row[i] = level * Math.sin(i / 6) * (1 + 0.4 * Math.sin(i / 900));
  }
  const startFrame = index * windowFrames;
  const samples = row.slice(beforeFrames * FRAME, (beforeFrames + windowFrames) * FRAME);
  if (answer === 'silent') return { startFrame, frameCount: windowFrames, columns, samples, scores: null };
  const measured = measureByLevel({ format: VOICE_FORMAT.name, samples: row });
  const scores: WindowScores = answer === 'shed' ? { ...measured, quality: 'shed', pitch: 'shed' } : measured;
  return { startFrame, frameCount: windowFrames, columns, samples, scores };
}

const windows: fc.Arbitrary<MeasuredWindow[]> = fc
  .array(
    fc.record({
      answer: fc.constantFrom<Answer>('measured', 'measured', 'measured', 'shed', 'silent'),
      from: fc.integer({ min: 0, max: 100 }),
      length: fc.integer({ min: 5, max: 128 }),
      level: fc.double({ min: 0.02, max: 0.9, noNaN: true }),
    }),
    { maxLength: 12 },
  )
  .map((parts) =>
    parts.map(({ answer, from, length, level }, index) => windowOf(index, answer, from, from + length, level)),
  );

checkStageLaws({ name: 'voice', make: () => voice('agent', VOICE_FORMAT), inputs: windows });
checkStageLaws({
  name: 'added model',
  make: () => voice('caller', { ...VOICE_FORMAT, name: 'added' }),
  inputs: windows,
});
