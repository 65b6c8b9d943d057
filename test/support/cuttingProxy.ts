/** A TCP proxy that cuts each connection after so many bytes from the client, wherever in a message that is. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** The n-th connection is cut after `cutsBytes[n]`; those after the last live. */
export async function startCuttingProxy(targetPort: number, cutsBytes: readonly number[]): Promise<CuttingProxy> {
  const left = [...cutsBytes];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    let budget = left.shift() ?? Infinity;
    const target = connect(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (data) => {
      target.write(data.subarray(0, budget));
      budget -= data.length;
      if (budget > 0) return;
      client.destroy();
      target.end();
    });
    target.on('data', (data) => client.write(data));
    client.on('close', () => target.end());
    target.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
