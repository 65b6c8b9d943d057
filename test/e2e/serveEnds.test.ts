/** A service that cannot do its work ends, and does not linger as a process that a supervisor takes for a living one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';

const folder = mkdtempSync(join(tmpdir(), 'earshot-ends-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Its exit status and what it said. */
async function serveUntilItEnds(name: string, settings: Record<string, string>): Promise<[number | null, string]> {
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'cli', 'earshot.js'), 'serve'], {
    cwd: packageRoot,
    env: {
      PATH: process.env.PATH,
      EARSHOT_OTLP_GRPC_PORT: '0',
      EARSHOT_PORT: '0',
      EARSHOT_INFERENCE_WORKERS: '1',
      EARSHOT_DATA_DIR: join(folder, name),
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return [code, said];
}

test('its port is taken: it says so and ends', { timeout: 60_000 }, async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  t.after(() => holder.close());
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const [code, said] = await serveUntilItEnds('port', { EARSHOT_PORT: String(port) });
  assert.equal(code, 1);
  assert.match(said, /EADDRINUSE/);
});

test('a file of prices is not there: it ends, though its models run already', { timeout: 60_000 }, async () => {
  const [code, said] = await serveUntilItEnds('prices', { EARSHOT_PRICES_FILE: join(folder, 'none.json') });
  assert.ok(code === 1 || code === 2, `status ${code}`);
  assert.match(said, /none\.json/);
});
