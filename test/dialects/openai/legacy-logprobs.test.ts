import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Choice } from '../../../src/dialects/openai/completions/choice.js';
import {
  appendLogprobs,
  noLogprobs,
  promptLogprobsOf,
  type LegacyLogprobs,
} from '../../../src/dialects/openai/completions/logprobs.js';
import { TokenTexts } from '../../../src/dialects/openai/token-texts.js';
import type { FinishReason, TokenEvent } from '../../../src/generation/events.js';
import { FakeVocabulary } from '../../fakes/vocabulary.js';
import { testServer } from '../../fakes/server.js';
import { complete, joined, stream } from './completing.js';

const prompt = 'The dog';

void describe('log-probabilities of completions', () => {
  test('tokens, their log-probabilities, the likeliest at each place, and where they begin', async () => {
    const server = testServer();
    const body = { prompt, max_tokens: 3, logprobs: 2 };
    const { choices } = await complete(server, body);
    assert.equal(choices[0]?.text, ' barks at the');
    assert.deepEqual(choices[0].logprobs, {
      tokens: [' barks', ' at', ' the'],
      token_logprobs: [-0.25, -0.25, -0.25],
      top_logprobs: [
        { ' barks': -0.25, '<eos>': -1.25 },
        { ' at': -0.25, '<eos>': -1.25 },
        { ' the': -0.25, '<eos>': -1.25 },
      ],
      text_offset: [0, 6, 9],
    });
    assert.deepEqual(joined(await stream(server, body), 0), choices[0]);
    const none = await complete(server, { ...body, logprobs: 0 });
    assert.deepEqual(none.choices[0]?.logprobs?.top_logprobs, [
      { ' barks': -0.25 },
      { ' at': -0.25 },
      { ' the': -0.25 },
    ]);
  });

  test('with echo the prompt comes first, and nothing is known of its first token', async () => {
    const server = testServer();
    for (const sent of ['The dog', [1, 2]]) {
      const body = { prompt: sent, max_tokens: 1, logprobs: 1, echo: true };
      if (typeof sent !== 'string') await complete(server, { prompt, max_tokens: 1 });
      const { choices } = await complete(server, body);
      assert.equal(choices[0]?.text, 'The dog barks');
      assert.deepEqual(choices[0].logprobs, {
        tokens: ['The', ' dog', ' barks'],
        token_logprobs: [null, -0.25, -0.25],
        top_logprobs: [null, { ' dog': -0.25 }, { ' barks': -0.25 }],
        text_offset: [0, 3, 7],
      });
      assert.deepEqual(joined(await stream(server, body), 0), choices[0]);
      const scored = await complete(server, { ...body, max_tokens: 0 });
      assert.deepEqual(scored.choices[0]?.logprobs?.tokens, ['The', ' dog']);
      assert.deepEqual(scored.choices[0].logprobs.token_logprobs, [null, -0.25]);
    }
  });

  test('the end of a sequence is one of the tokens: scorers leave out the one token that they had to ask for', async () => {
    const server = testServer({ engine: { script: () => [FakeVocabulary.eosText] } });
    const { choices } = await complete(server, { prompt, max_tokens: 1, logprobs: 1, echo: true });
    assert.equal(choices[0]?.text, prompt);
    assert.deepEqual(choices[0].logprobs?.tokens, ['The', ' dog', '<eos>']);
    assert.deepEqual(choices[0].logprobs.text_offset, [0, 3, 7]);
    assert.deepEqual(choices[0].logprobs.top_logprobs.at(-1), { '<eos>': -0.25 });
  });

  test('a chunk has the tokens that its text begins with, also where their end is held back', () => {
    // " wor" might still become " world", which is a stop string's beginning.
    const { parts } = told([' hello', ' wor', 'k'], [' hello', '', ' work'], 'length');
    assert.deepEqual(
      parts.map(({ tokens }) => tokens),
      [[' hello'], [' wor', 'k'], []],
    );
    const split = told(['ab', 'cd'], ['a', 'bcd'], 'length');
    assert.deepEqual(
      split.parts.map(({ tokens }) => tokens),
      [['ab'], ['cd'], []],
    );
  });

  test('tokens of a stop string that was cut off are none of the text', () => {
    const { all } = told([' hello', ' END', '.'], [' hello', '', ''], 'stop');
    assert.deepEqual(all.tokens, [' hello']);
    // A token that the text ends in the middle of is there, whole.
    const within = told([' hel', 'loEN', 'D'], [' hel', '', 'lo'], 'stop');
    assert.deepEqual(within.all.tokens, [' hel', 'loEN']);
    assert.deepEqual(within.all.text_offset, [0, 4]);
    const first = told(['END'], [''], 'stop');
    assert.deepEqual(first.all.tokens, []);
  });

  test('tokens are the text, byte by byte, and offsets count its characters', () => {
    const euro = told(
      [Buffer.from([0xe2]), Buffer.from([0x82, 0xac]), '😀', Buffer.from([0xc3]), Buffer.from([0xa9]), '!'],
      ['', '€', '😀', '', 'é', '!'],
      'length',
    );
    assert.deepEqual(euro.all.tokens, [
      'bytes:\\xe2',
      'bytes:\\x82\\xac',
      '😀',
      'bytes:\\xc3',
      'bytes:\\xa9',
      '!',
    ]);
    assert.deepEqual(euro.all.text_offset, [0, 0, 1, 2, 2, 3]);
    assert.deepEqual(
      euro.parts.map(({ tokens }) => tokens.length),
      [2, 1, 2, 1, 0],
    );
    // Ends inside a character, which the text has U+FFFD for.
    const open = told(['a', Buffer.from([0xe2, 0x82])], ['a', ''], 'length', '\uFFFD');
    assert.deepEqual(open.all.tokens, ['a', 'bytes:\\xe2\\x82']);
  });

  test('a space that the tokenizer puts before a prompt does not move the offsets', () => {
    const vocabulary = vocabularyOf([' The', ' dog']);
    const tokens = [0, 1].map((tokenId) => ({ tokenId, logprob: tokenId === 0 ? null : -1, top: [] }));
    assert.deepEqual(promptLogprobsOf(vocabulary, 'The dog', tokens).text_offset, [0, 3]);
    assert.deepEqual(promptLogprobsOf(vocabulary, ' The dog', tokens).text_offset, [0, 4]);
  });

  test('a token that the model rules out, or has no number for, has -9999', () => {
    const vocabulary = vocabularyOf(['a', 'b', 'c']);
    const top = [
      { tokenId: 0, logprob: -Infinity },
      { tokenId: 1, logprob: NaN },
    ];
    const tokens = [
      { tokenId: 0, logprob: null, top: [] },
      { tokenId: 2, logprob: -Infinity, top },
      { tokenId: 2, logprob: -9998, top: [] },
    ];
    const { token_logprobs: own, top_logprobs: likeliest } = promptLogprobsOf(vocabulary, 'acc', tokens);
    assert.deepEqual(own, [null, -9999, -9998]);
    assert.deepEqual(likeliest, [null, { a: -9999, b: -9999, c: -9999 }, { c: -9998 }]);
  });

  test('texts that objects have a meaning for are keys like any others', () => {
    const { all } = told(['__proto__', 'constructor'], ['__proto__', 'constructor'], 'length');
    assert.equal(JSON.stringify(all.top_logprobs), '[{"__proto__":-1},{"constructor":-1}]');
  });
});

/** Tokens by their ids: the place in the list. */
function vocabularyOf(tokens: readonly (string | Uint8Array)[]): TokenTexts {
  return new TokenTexts({
    size: tokens.length,
    bytes: (id) => Buffer.from(tokens[id] ?? ''),
    kind: () => 'normal',
  });
}

/** What is told of tokens with which such texts became final; then the text that was held back. */
function told(
  tokens: readonly (string | Uint8Array)[],
  texts: readonly string[],
  finishReason: FinishReason,
  last = '',
): { parts: LegacyLogprobs[]; all: LegacyLogprobs } {
  const choice = new Choice(0, vocabularyOf(tokens));
  const events = texts.map((text, tokenId): TokenEvent => ({
    ...{ type: 'token', sequence: 0, tokenId, text, logprob: -1 },
    modelLogprobs: { tokenId, logprob: -1, top: [] },
  }));
  const end = {
    type: 'finish',
    sequence: 0,
    finishReason,
    text: last,
    generatedTokens: tokens.length,
  } as const;
  const parts = [...events, end].flatMap((event) => choice.add(event)?.logprobs ?? []);
  const all = noLogprobs();
  for (const part of parts) appendLogprobs(all, part);
  return { parts, all };
}
