/**
 * A free port on which a server can come back. Not one of those that the system gives to outgoing connections: while the server
 * is down, one of its clients could be given just that one, and then be connected to itself.
 */
import { createServer } from 'node:net';

const FIRST = 20_000;
const COUNT = 10_000;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(COUNT * Math.random());
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
