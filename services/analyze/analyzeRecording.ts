/** A recording through the same call as live audio: same core, same facts, as fast as the models go. */
import { createCall } from '../../core/call/call.ts';
import type { CallMessage } from '../../core/audio/message.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { ModelBatcher } from '../../core/inference/windowModel.ts';
import { createMeasuring } from './measuring.ts';

/** A recording comes faster than models run; so many of its windows may wait for them. */
const WINDOWS_OPEN_MAX = 24;

/** Messages of the call's log but for its opening and its end. Facts are told in the order they are found. */
export async function analyzeRecording(
  open: OpenCall,
  messages: AsyncIterable<CallMessage>,
  batcher: ModelBatcher,
  onFact: (fact: Fact) => void,
): Promise<void> {
  const call = createCall(open, batcher.formats);
  const measuring = createMeasuring(call, batcher, onFact);
  const score = async (): Promise<void> => {
    for (let rows = call.rows(); rows.length > 0; rows = call.rows()) {
      const scores = await Promise.all(rows.map(({ row }) => batcher.score(row)));
      rows.forEach(({ channel }, index) => call.scored(channel, scores[index], onFact));
    }
  };
  call.start(onFact);
  for await (const message of messages) {
    call.push(message, onFact);
    await score();
    measuring.start();
    if (measuring.open > WINDOWS_OPEN_MAX) await measuring.done();
  }
  call.finishHearing(onFact);
  await score();
  call.finishJudging(onFact);
  measuring.start();
  await measuring.done();
  call.end({ reason: 'completed', errorCode: '', errorText: '' }, onFact);
}
