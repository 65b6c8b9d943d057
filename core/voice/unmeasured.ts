/** Says of which stretches models were asked in vain: what overload or a fault left out is never silently missing. */
import { over } from '../conversation/span.ts';
import type { Finding } from '../facts/facts.ts';
import type { Stage } from '../stage/stage.ts';
import type { Channel } from '../units/channel.ts';
import type { MeasuredWindow } from './windows.ts';

export function unmeasured(channel: Channel): Stage<MeasuredWindow, Finding> {
  return {
    push({ startFrame, frameCount, scores }, emit) {
      for (const reason of ['shed', 'failed'] as const) {
        const models = Object.entries(scores ?? {}).flatMap(([model, outputs]) => (outputs === reason ? [model] : []));
        if (models.length === 0) continue;
        const span = over(startFrame, startFrame + frameCount);
        emit({ kind: 'unmeasured', ...span, channel, models: models.sort(), reason });
      }
    },
    flush: () => undefined,
    save: () => null,
    load: () => undefined,
  };
}
