/** Settings: defaults, all mistakes at once, and nothing served to strangers by accident. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  assert.deepEqual(store, { kind: 'server', url: 'http://ch:8123', username: 'default', password: 'x', cluster: '' });
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

test('secrets come from a setting or a file, newest first; never from both, never told in a message', (t) => {
  const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(40, 2)];
  assert.equal(readConfig({}).secrets, null);
  const given = readConfig({ EARSHOT_SECRET: `${a.toString('hex')},${b.toString('base64')}` });
  assert.deepEqual(given.secrets, [a, b]);
  const folder = mkdtempSync(join(tmpdir(), 'earshot-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, `${b.toString('base64')}\n${a.toString('hex')}\n`);
  assert.deepEqual(readConfig({ EARSHOT_SECRET_FILE: file }).secrets, [b, a]);
  assert.throws(() => readConfig({ EARSHOT_SECRET_FILE: file, EARSHOT_SECRET: 'c2hvcnQ=' }), {
    code: 'config_invalid',
    message: /both set; one has to go/,
  });
  assert.throws(
    () => readConfig({ EARSHOT_SECRET: 'c2hvcnQ=', EARSHOT_PORT: 'high' }),
    (error: Error) =>
      /5 bytes as number 1/.test(error.message) &&
      /EARSHOT_PORT/.test(error.message) &&
      !error.message.includes('c2hvcnQ'),
  );
  assert.throws(() => readConfig({ EARSHOT_SECRET_FILE: join(folder, 'none') }), { message: /ENOENT/ });
});

test('traces go nowhere unless a URL says where; the headers sent with them are never told in a message', () => {
  assert.deepEqual(readConfig({}).traces, { url: '', headers: {} });
  const traces = {
    EARSHOT_TRACES_URL: 'http://c:4318/v1/traces',
    EARSHOT_TRACES_HEADERS: 'Authorization=Bearer a=b, x=1',
  };
  assert.deepEqual(readConfig(traces).traces, {
    url: 'http://c:4318/v1/traces',
    headers: { authorization: 'Bearer a=b', x: '1' },
  });
  assert.throws(() => readConfig({ EARSHOT_TRACES_URL: 'collector:4318' }), {
    message: /has to be an http or https URL/,
  });
  assert.throws(
    () => readConfig({ EARSHOT_TRACES_HEADERS: 'topsecret' }),
    (error: Error) => /EARSHOT_TRACES_HEADERS/.test(error.message) && !error.message.includes('topsecret'),
  );
});

test('a call is given up only after its client may no longer come back', () => {
  const settings = { EARSHOT_RESUME_GRACE_MS: '30000', EARSHOT_ABANDONED_AFTER_MS: '30000' };
  assert.throws(() => readConfig(settings), { message: /has to be more than EARSHOT_RESUME_GRACE_MS/ });
  assert.equal(readConfig({ ...settings, EARSHOT_ABANDONED_AFTER_MS: '30001' }).abandonedAfterMs, 30_001);
});

test('roles apart need what they share: a bus, a store, a secret', () => {
  assert.deepEqual([...readConfig({}).roles], ['ingest', 'analyze', 'api']);
  assert.throws(() => readConfig({ EARSHOT_ROLES: 'ingest' }), {
    message: /needs EARSHOT_KAFKA_BROKERS.*needs EARSHOT_CLICKHOUSE_URL/,
  });
  assert.throws(() => readConfig({ EARSHOT_ROLES: 'ingest,analyse' }), { message: /some of ingest, analyze, api/ });
  const apart = { EARSHOT_KAFKA_BROKERS: 'a:9092, b:9092', EARSHOT_CLICKHOUSE_URL: 'http://ch:8123' };
  assert.throws(() => readConfig(apart), { message: /EARSHOT_SECRET or EARSHOT_SECRET_FILE has to be set/ });
  const config = readConfig(
    { ...apart, EARSHOT_SECRET: Buffer.alloc(32, 1).toString('hex') },
    { EARSHOT_ROLES: 'api' },
  );
  assert.deepEqual([...config.roles], ['api']);
  assert.deepEqual(config.kafka?.connection.brokers, ['a:9092', 'b:9092']);
  assert.equal(config.kafka.connection.tls, null);
});

test('Kafka is reached as the settings say, and a password does not travel in the clear by oversight', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.pem'), 'an authority');
  writeFileSync(join(folder, 'password'), 'secret\n');
  const login = {
    EARSHOT_KAFKA_BROKERS: 'kafka:9093',
    EARSHOT_KAFKA_SASL: 'plain',
    EARSHOT_KAFKA_USER: 'earshot',
    EARSHOT_KAFKA_PASSWORD_FILE: join(folder, 'password'),
  };
  assert.throws(() => readConfig(login), { message: /plain sends the password as it is/ });
  const tls = { EARSHOT_KAFKA_TLS: '1', EARSHOT_KAFKA_CA_FILE: join(folder, 'ca.pem') };
  const { kafka } = readConfig({ ...login, ...tls });
  assert.deepEqual(kafka?.connection.tls, { ca: 'an authority', cert: undefined, key: undefined });
  assert.deepEqual(kafka.connection.sasl, { mechanism: 'plain', username: 'earshot', password: 'secret' });
  assert.throws(() => readConfig({ ...login, ...tls, EARSHOT_KAFKA_USER: '' }), {
    message: /needs EARSHOT_KAFKA_USER/,
  });
  assert.throws(() => readConfig({ EARSHOT_KAFKA_BROKERS: 'kafka' }), { message: /host:port pairs/ });
});
