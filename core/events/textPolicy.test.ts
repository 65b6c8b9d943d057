/** What is kept of text: nothing is left that the policy forbids, counts and times stay, and keeping twice is keeping once. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventOf } from './eventOf.ts';
import { redactPersonal } from './redact.ts';
import type { Score } from './score.ts';
import type { SpeechEvent, Word } from './speechEvent.ts';
import { holdsText } from './textAttributes.ts';
import { keepAttributes, keepPlainText, keepScoreText, keepText, TEXT_POLICIES } from './textPolicy.ts';
import { createWordHash, isHashed } from './wordHash.ts';
import { charactersOf, firstWords, oneWordEach, spokenLettersOf, wordsOf, wordsWithin } from './words.ts';

const KEY = new Uint8Array(32).fill(7);
const tools = { hash: createWordHash(KEY), redact: redactPersonal };
const ORIGIN = { tenant: 't', callKey: 'c', source: 's', receivedAtMs: 0 };

const wordsFrom = (texts: readonly string[]): Word[] =>
  texts.map((text, index) => ({ text, startMs: index * 300, endMs: index * 300 + 250, confidence: 0.5 }));
const saying = (
  text: string,
  words: readonly string[] = text.split(' '),
  attributes: Record<string, string> = {},
): SpeechEvent => eventOf({ type: 'stt_final', role: 'caller', text, words: wordsFrom(words), attributes }, ORIGIN);

const SENTENCE = 'My name is Ada Byron, call 415-555-0132.';

test('none: counts and times', () => {
  const kept = keepText(saying(SENTENCE), 'none', tools);
  assert.equal(kept.text, '');
  assert.deepEqual(kept.attributes, {
    'text.words': '9',
    'text.characters': String(SENTENCE.length),
    'text.spoken_letters': String(spokenLettersOf(SENTENCE)),
  });
  assert.ok(kept.words.every(({ text }) => text === ''));
  assert.equal(kept.words.length, 9);
  assert.deepEqual([kept.words[0].startMs, kept.words[8].endMs], [0, 6 * 300 + 250]);
});

test('hashed: words can be counted and compared, whatever their case and punctuation', () => {
  const [kept, other] = ['Book it, please.', 'please BOOK it'].map((text) => keepText(saying(text), 'hashed', tools));
  assert.ok(isHashed(kept.text));
  assert.deepEqual(wordsOf(kept.text).sort(), wordsOf(other.text).sort());
  assert.equal(kept.text, kept.words.map(({ text }) => text).join(' '));
  assert.equal(kept.text.split(' ')[0], createHmac('sha256', KEY).update('book').digest('hex').slice(0, 16));
  assert.notEqual(createWordHash(new Uint8Array(32))('book'), tools.hash('book'));
});

test('redacted: the text and its words in accord, with the times that they had', () => {
  const kept = keepText(saying(SENTENCE), 'redacted', tools);
  assert.equal(kept.text, 'My name is [name], call [number].');
  assert.deepEqual(
    kept.words.map(({ text }) => text),
    ['My', 'name', 'is', '[name]', '[name]', 'call', '[number]'],
  );
  assert.equal(kept.attributes['text.words'], '9');
  assert.equal(kept.words[6].endMs, 6 * 300 + 250);
  const spoken = keepText(
    saying('the code is 427 now', ['the', 'code', 'is', 'four', 'two', 'seven', 'now']),
    'redacted',
    tools,
  );
  assert.deepEqual(
    spoken.words.map(({ text }) => text),
    ['the', 'code', 'is', '[number]', '[number]', '[number]', 'now'],
  );
  const wordsOnly = keepText(saying('', ['this', 'is', 'maria', 'lopez', 'speaking']), 'redacted', tools);
  assert.deepEqual(
    wordsOnly.words.map(({ text }) => text),
    ['this', 'is', '[name]', '[name]', 'speaking'],
  );
});

test('full: as it is', () => {
  const event = saying(SENTENCE);
  assert.equal(keepText(event, 'full', tools), event);
  assert.equal(keepPlainText(SENTENCE, 'full', tools), SENTENCE);
});

const SECRETS = [
  'Ada Byron',
  '4155550132',
  'four one five five five five',
  'ada@example.org',
  'ada at example dot org',
];
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom('my name is', 'hello', 'and', 'the', 'code', ',', '.', '', 'x-y', '名前', ...SECRETS),
      fc.string({ maxLength: 5 }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(' '));

test('keeping twice is keeping once, and counts stay those of the text itself', () => {
  fc.assert(
    fc.property(texts, texts, fc.constantFrom(...TEXT_POLICIES), (text, spoken, policy) => {
      const event = saying(text, spoken.split(' '), { transcript: text, 'llm.model_name': 'm' });
      const once = keepText(event, policy, tools);
      assert.deepEqual(keepText(once, policy, tools), once);
      assert.equal(once.attributes['llm.model_name'], 'm');
      if (policy === 'full') return;
      const whole = text.trim() === '' ? spoken : text;
      if (whole.trim() !== '') assert.equal(once.attributes['text.words'], String(wordsOf(whole).length));
      if (policy === 'redacted') assert.equal(once.words.length, event.words.length);
      else
        assert.deepEqual(
          once.words.map(({ startMs }) => startMs),
          oneWordEach(event.words).map(({ startMs }) => startMs),
        );
    }),
    { numRuns: 300 },
  );
});

test('nothing personal is left under any policy but full, in text, words or attributes', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SECRETS.slice(1)),
      fc.constantFrom('none', 'hashed', 'redacted'),
      (secret, policy) => {
        const messages = JSON.stringify([{ role: 'user', content: `it is ${secret} ok` }]);
        const event = saying(`it is ${secret} ok`, undefined, {
          transcript: secret,
          'gen_ai.input.messages': messages,
        });
        const { text, words, attributes } = keepText(event, policy, tools);
        const written = JSON.stringify({ text, words, attributes });
        for (const word of secret.split(' ').filter((each) => each.length > 3))
          assert.ok(!written.includes(word), written);
      },
    ),
  );
});

test('a document stays a document when it is redacted', () => {
  const document = JSON.stringify({
    to: 'call 415-555-0132',
    phone: 4155550132,
    count: 3,
    who: { note: 'my name is Ada Byron' },
    list: [null, true],
  });
  assert.deepEqual(JSON.parse(keepPlainText(document, 'redacted', tools)), {
    to: 'call [number]',
    phone: '[number]',
    count: 3,
    who: { note: 'my name is [name]' },
    list: [null, true],
  });
  assert.equal(keepPlainText('[broken 415-555-0132', 'redacted', tools), '[broken [number]');
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  assert.equal(keepPlainText(deep, 'redacted', tools), deep);
});

test('attributes that hold text are known by name, ids are not among them', () => {
  for (const name of [
    'gen_ai.prompt.0.content',
    'llm.input_messages.12.message.content',
    'lk.pii.user_transcript',
    'lk.chat_ctx',
    'transcript',
  ])
    assert.ok(holdsText(name), name);
  for (const name of ['user.message', 'last_question', 'caller_phone_number', 'crm.note.body'])
    assert.ok(holdsText(name), name);
  for (const name of [
    'text.characters',
    'text_extent',
    'lk.pii.room_name',
    'call.id',
    'gen_ai.request.model',
    'gen_ai.prompt.0.role',
    'session.id',
    'text.words',
  ])
    assert.ok(!holdsText(name), name);
  assert.deepEqual(keepAttributes({ transcript: 'hi', 'session.id': 'x' }, 'none', tools), {
    transcript: '',
    'session.id': 'x',
  });
});

test("a score's explanation is text", () => {
  const score: Score = {
    id: 'i',
    tenant: 't',
    callKey: 'c',
    name: 'polite',
    value: 1,
    label: 'yes',
    explanation: SENTENCE,
    source: 'judge',
    traceId: '',
    spanId: '',
    turnId: '',
    turnIndex: null,
    mediaMs: null,
    receivedAtMs: 0,
  };
  assert.deepEqual(
    TEXT_POLICIES.map((policy) => keepScoreText(score, policy, tools).explanation),
    ['', wordsOf(SENTENCE).map(tools.hash).join(' '), 'My name is [name], call [number].', SENTENCE],
  );
});

test('words are told apart by letters, not by case or punctuation', () => {
  assert.deepEqual(wordsOf("It’s 10:30, isn't it? €3.50 twenty-one"), [
    "it's",
    '10:30',
    "isn't",
    'it',
    '3.50',
    'twenty',
    'one',
  ]);
  assert.deepEqual(wordsOf('東京へ go'), ['東', '京', 'へ', 'go']);
  assert.deepEqual(wordsOf(' ... -- '), []);
  assert.equal(charactersOf('  two   words '), 9);
  assert.equal(spokenLettersOf('to 42'), 3 + 10);
});

test('the first words of a text, and those within a share of it', () => {
  fc.assert(
    fc.property(texts, fc.nat({ max: 20 }), fc.double({ min: 0, max: 1, noNaN: true }), (text, count, share) => {
      const all = wordsOf(text);
      assert.deepEqual(wordsOf(firstWords(text, count)), all.slice(0, count));
      assert.ok(wordsWithin(text, share) <= all.length);
      assert.equal(wordsWithin(text, 1), all.length);
    }),
  );
});

test('a timed piece of several words is one entry a word, over the same time', () => {
  const [first, last, ...others] = oneWordEach(wordsFrom(['twenty-one', '...']));
  assert.deepEqual(others, []);
  assert.deepEqual([first.text, first.endMs, last.text, last.startMs, last.endMs], ['twenty', 125, 'one', 125, 250]);
});
