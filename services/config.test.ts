/** Settings: defaults, all mistakes at once, and nothing served to strangers by accident. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from './config.ts';

test('without any setting the service is embedded, on loopback', () => {
  const config = readConfig({});
  assert.deepEqual(config.store, { kind: 'embedded', dataDir: './data' });
  assert.equal(config.host, '127.0.0.1');
  assert.ok(Object.isFrozen(config));
});

test('a URL makes the store a server', () => {
  const { store } = readConfig({ EARSHOT_CLICKHOUSE_URL: 'http://ch:8123', EARSHOT_CLICKHOUSE_PASSWORD: 'x' });
  assert.deepEqual(store, { kind: 'server', url: 'http://ch:8123', username: 'default', password: 'x' });
});

test('all mistakes are told at once, a misspelt name with the right one', () => {
  assert.throws(() => readConfig({ EARSHOT_PROT: '1', EARSHOT_PORT: 'high', EARSHOT_LOG_LEVEL: 'loud' }), {
    code: 'config_invalid',
    message:
      /EARSHOT_PROT is no setting; the nearest is EARSHOT_PORT; EARSHOT_PORT has to be a whole number.*"high"; EARSHOT_LOG_LEVEL has to be fatal \|/,
  });
});

test('a host that others can reach has to be asked for', () => {
  assert.throws(() => readConfig({ EARSHOT_HOST: '0.0.0.0' }), { message: /EARSHOT_ALLOW_UNAUTHENTICATED=1/ });
  assert.equal(readConfig({ EARSHOT_HOST: '0.0.0.0', EARSHOT_ALLOW_UNAUTHENTICATED: '1' }).host, '0.0.0.0');
});
