/** The WebSocket server's settings: ws's own are generous to senders of tiny fragments and huge messages. */
import type { IngestLimits } from './limits.ts';

export const webSocketOptions = (limits: IngestLimits) => ({
  maxPayload: limits.messageBytesMax,
  maxFragments: limits.fragmentsMax,
  maxBufferedChunks: limits.bufferedChunksMax,
  // Compressed speech barely shrinks, and zlib's memory for each socket fragments the heap (ws's README).
  perMessageDeflate: false,
  closeTimeout: limits.closeMsMax,
});
