/** Batches and their answers in protobuf, as who sends events makes and reads them. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { SpeechEventBatchResultSchema, SpeechEventBatchSchema } from '#protos/earshot/v1/events_pb.js';
import type { SpeechEvent } from '../../core/events/speechEvent.ts';
import type { Rejection } from './wireEvent.ts';
import { wireOf } from './wireMessage.ts';

export interface BatchResult {
  /** Durable now, repeats included. */
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
}

export const encodeEventBatch = (events: readonly SpeechEvent[]): Uint8Array =>
  toBinary(SpeechEventBatchSchema, create(SpeechEventBatchSchema, { events: events.map(wireOf) }));

export const encodeBatchResult = ({ accepted, rejected }: BatchResult): Uint8Array =>
  toBinary(SpeechEventBatchResultSchema, create(SpeechEventBatchResultSchema, { accepted, rejected: [...rejected] }));

export const decodeBatchResult = (bytes: Uint8Array): BatchResult => {
  const { accepted, rejected } = fromBinary(SpeechEventBatchResultSchema, bytes);
  return {
    accepted,
    rejected: rejected.map(({ index, code, expected, got }) => ({ index, code, expected, got })) as Rejection[],
  };
};
