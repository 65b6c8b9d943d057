/** A recording through the same call as live audio: same core, same facts, as fast as the models go. */
import { createCall } from '../../core/call/call.ts';
import type { CallMessage } from '../../core/audio/message.ts';
import type { Fact } from '../../core/facts/facts.ts';
import type { OpenCall } from '../../core/facts/openCall.ts';
import type { SpeechBatcher } from '../../core/inference/speechModel.ts';

/** Messages of the call's log but for its opening and its end. Facts are told in the order they are found. */
export async function analyzeRecording(
  open: OpenCall,
  messages: AsyncIterable<CallMessage>,
  batcher: SpeechBatcher,
  onFact: (fact: Fact) => void,
): Promise<void> {
  const call = createCall(open);
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
  }
  call.finishHearing(onFact);
  await score();
  call.end({ reason: 'completed', errorCode: '', errorText: '' }, onFact);
}
