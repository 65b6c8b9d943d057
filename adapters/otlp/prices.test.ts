/** The prices that come with Earshot are well formed, and a file of one's own goes before them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadPrices } from './prices.ts';

const folder = mkdtempSync(join(tmpdir(), 'earshot-prices-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function fileOf(content: unknown): string {
  files += 1;
  const path = join(folder, `${files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const ENTRY = {
  provider: 'openai',
  models: ['gpt-4o'],
  usd: { inputPerMillion: 1, outputPerMillion: 2 },
  lookedUp: '2026-11-25',
  source: 'our contract',
};

test('well-known models have prices, dated snapshots too, and their relatives have not', async () => {
  const table = await loadPrices();
  assert.equal(table.priceOf('openai', 'gpt-4o-mini')?.inputPerMillion, 0.15);
  assert.equal(table.priceOf('openai', 'gpt-4o-mini-2024-07-18')?.inputPerMillion, 0.15);
  assert.equal(table.priceOf('openai', 'gpt-4o-mini-tts'), null);
  assert.equal(table.priceOf('openai', 'gpt-4o-mini-realtime-preview'), null);
  assert.equal(table.priceOf('anthropic', 'claude-sonnet-4-5-20250929')?.outputPerMillion, 15);
  assert.equal(table.priceOf('anthropic', 'claude-opus-5-5'), null);
  assert.equal(table.priceOf('deepgram', 'nova-3')?.audioMinute, 0.0048);
  assert.equal(table.priceOf('elevenlabs', 'eleven_flash_v2_5')?.charactersPerMillion, 50);
  assert.equal(table.priceOf('nobody', 'nothing'), null);
});

test('own prices go before', async () => {
  const table = await loadPrices(fileOf({ prices: [ENTRY] }));
  assert.equal(table.priceOf('openai', 'gpt-4o')?.inputPerMillion, 1);
  assert.equal(table.priceOf('openai', 'gpt-4o')?.cachedInputPerMillion, null);
  assert.equal(table.priceOf('openai', 'gpt-4o-mini')?.inputPerMillion, 0.15);
});

for (const [what, content] of [
  ['no JSON', '{'],
  ['no list', { prices: {} }],
  ['a key that is not known', { prices: [{ ...ENTRY, currency: 'EUR' }] }],
  ['a price that is not known', { prices: [{ ...ENTRY, usd: { perToken: 1 } }] }],
  ['a price below zero', { prices: [{ ...ENTRY, usd: { inputPerMillion: -1 } }] }],
  ['no price', { prices: [{ ...ENTRY, usd: {} }] }],
  ['no date', { prices: [{ ...ENTRY, lookedUp: 'today' }] }],
  ['no source', { prices: [{ ...ENTRY, source: '' }] }],
  ['a name that no model can have', { prices: [{ ...ENTRY, models: ['GPT-4o'] }] }],
] as const) {
  test(`${what}: refused, and the file named`, async () => {
    const path = fileOf(content);
    await assert.rejects(loadPrices(path), (error: Error & { code: string }) => {
      assert.equal(error.code, 'config_invalid');
      assert.ok(error.message.includes(path));
      return true;
    });
  });
}

test('a file that is not there is told', async () => {
  await assert.rejects(loadPrices(join(folder, 'none.json')), { code: 'config_invalid', message: /ENOENT/ });
});
