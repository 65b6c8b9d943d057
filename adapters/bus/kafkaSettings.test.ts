/** TLS and SASL settings reach the client as it wants them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientConfigOf, type KafkaConnection } from './kafkaSettings.ts';

const plain: KafkaConnection = { brokers: ['a:9092', 'b:9092'], clientId: 'earshot', tls: null, sasl: null };

test('without TLS and SASL neither is asked for', () => {
  const config = clientConfigOf(plain);
  assert.deepEqual(config.brokers, ['a:9092', 'b:9092']);
  assert.ok(!('ssl' in config) && !('sasl' in config));
});

test('certificates, names and passwords', () => {
  const tls = { ca: 'CA', cert: 'CERT', key: 'KEY', serverName: 'kafka.example' };
  const sasl = { mechanism: 'scram-sha-512', username: 'u', password: 'p' } as const;
  const config = clientConfigOf({ ...plain, tls, sasl });
  assert.deepEqual(config.ssl, { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'kafka.example' });
  assert.deepEqual(config.sasl, sasl);
});

test('tokens are asked for anew each time', async () => {
  let asked = 0;
  const token = (): Promise<string> => Promise.resolve(`token ${(asked += 1)}`);
  const { sasl } = clientConfigOf({ ...plain, tls: {}, sasl: { mechanism: 'oauthbearer', token } });
  assert.ok(sasl !== undefined && 'oauthBearerProvider' in sasl);
  const ask = sasl.oauthBearerProvider;
  assert.deepEqual([await ask(), await ask()], [{ value: 'token 1' }, { value: 'token 2' }]);
});
