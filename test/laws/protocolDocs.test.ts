/** docs/protocol.md is what people write clients from: its examples go through the parser, its limits are the code's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../adapters/packageRoot.ts';
import { AUDIO_HEADER_BYTES, openCallOf, parseAudio, parseHello, parseText } from '../../adapters/telephony/earshot.ts';
import { ENCODINGS, STREAM_RATES_HZ } from '../../core/facts/openCall.ts';
import { ERROR_CODES } from '../../core/units/errors.ts';
import { INGEST_LIMITS } from '../../services/ingest/limits.ts';

const page = readFileSync(join(packageRoot, 'docs', 'protocol.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([^\`]+)\`\`\``, 'g'))].map(([, block]) => block);

test('every message in the page is one that the server takes', () => {
  const [hello, ...others] = blocks('json');
  assert.equal(openCallOf(parseHello(hello), 'default', 0).callId, 'call-42');
  assert.deepEqual(
    others.map((text) => parseText(text).type),
    ['clear', 'mark', 'event', 'event', 'bye'],
  );
});

test('the bytes in the page are the header that the server reads', () => {
  const [header] = blocks('hex').map((block) => Buffer.from(block.replaceAll(/\s/g, ''), 'hex'));
  assert.equal(header.length, AUDIO_HEADER_BYTES);
  const { payload, ...audio } = parseAudio(Buffer.concat([header, Buffer.from([0, 0])]));
  assert.deepEqual(audio, { seq: 2, lane: 'both', position: 320 });
  assert.equal(payload.length, 2);
});

test('encodings, rates, limits and close codes are the ones in the code', () => {
  const { messageBytesMax, jumpMsMax, callMsMax, resumeGraceMs, pingEveryMs, idleMsMax } = INGEST_LIMITS;
  for (const words of [
    ENCODINGS.map((name) => `\`${name}\``)
      .join(', ')
      .replace(/, (?=[^,]*$)/, ' or '),
    STREAM_RATES_HZ.join(', ').replace(/, (?=[^,]*$)/, ' or '),
    `${messageBytesMax / 1_024} KiB`,
    `at most ${jumpMsMax / 60_000} minutes`,
    `at most ${callMsMax / 3_600_000} hours`,
    `stays away for ${resumeGraceMs / 1_000} s`,
    `pings every ${pingEveryMs / 1_000} s`,
    `silent for ${idleMsMax / 1_000} s`,
    `| ${ERROR_CODES.message_too_large.closeCode} |`,
    `| ${ERROR_CODES.call_superseded.closeCode} |`,
  ]) {
    assert.ok(page.includes(words), `docs/protocol.md does not say: ${words}`);
  }
});
