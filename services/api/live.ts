/** Facts as Server-Sent Events. A reader that does not keep up is told so and cut off; it can read what it missed by SQL. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Bus } from '../../adapters/bus/bus.ts';
import type { Fact } from '../../core/facts/facts.ts';

const BUFFER_BYTES_MAX = 1_024 * 1_024;
const KEEP_ALIVE_MS = 15_000;

export function liveFacts(
  bus: Bus,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: (fact: Fact) => boolean,
): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
  raw.write(': facts as they are told\n\n');

  const unsubscribe = bus.subscribeFacts((fact) => {
    if (!wanted(fact)) return;
    if (raw.writableLength > BUFFER_BYTES_MAX) {
      raw.end(
        'event: overflow\ndata: {"code":"overloaded","message":"the reader is too slow; read the rest by SQL"}\n\n',
      );
      return;
    }
    raw.write(`event: ${fact.kind}\nid: ${fact.id}-${fact.revision}\ndata: ${JSON.stringify(fact)}\n\n`);
  });
  const keepAlive = setInterval(() => raw.write(': still here\n\n'), KEEP_ALIVE_MS);
  const leave = (): void => {
    unsubscribe();
    clearInterval(keepAlive);
  };
  raw.on('close', leave);
  request.raw.on('aborted', leave);
}
