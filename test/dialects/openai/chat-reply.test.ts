import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { ReplyPart, ReplyReader } from '../../../src/chat/chat.js';
import { Reply, type ReplyStep } from '../../../src/dialects/openai/conversation/reply.js';
import type { Vocabulary } from '../../../src/engine/engine.js';
import type { FinishEvent, FinishReason, TokenEvent } from '../../../src/generation/events.js';

/** Ids 1 to 8; id 0 ends a text. */
const TOKENS = ['</s>', 'a', 'b', ' STOP', 'caf', [0xc3], [0xa9], [0xff], '🙂'];
const vocabulary: Vocabulary = {
  size: TOKENS.length,
  bytes: (id) => Buffer.from((TOKENS[id] ?? '') as string),
  kind: (id) => (id === 0 ? 'control' : 'normal'),
};

const plain: ReplyReader = { push: (text) => [{ type: 'content', text }], end: () => [] };

function reply(reader: ReplyReader = plain): Reply {
  return new Reply({ prompt: [], text: '', stopStrings: [], unread: [], reader: () => reader }, vocabulary);
}

function token(tokenId: number, text: string): TokenEvent {
  const modelLogprobs = { tokenId, logprob: -tokenId, top: [] };
  return { type: 'token', sequence: 0, tokenId, logprob: -9, text, modelLogprobs };
}

function finish(finishReason: FinishReason, text = ''): FinishEvent {
  return { type: 'finish', sequence: 0, finishReason, text, generatedTokens: 1 };
}

/** The text of a step's content, and the tokens that came with it by their log-probabilities. */
function shown({ parts, logprobs }: ReplyStep): [text: string, tokens: number[]] {
  const text = parts.map((part) => (part.type === 'content' ? part.text : '')).join('');
  return [text, logprobs.map(({ logprob }) => -logprob)];
}

describe('tokens are told of with the text that they are part of', () => {
  test('those of a character together, each with its own bytes', () => {
    const read = reply();
    assert.deepEqual(shown(read.token(token(4, 'caf'))), ['caf', [4]]);
    assert.deepEqual(shown(read.token(token(5, ''))), ['', []]);
    const step = read.token(token(6, 'é'));
    assert.deepEqual(shown(step), ['é', [5, 6]]);
    assert.deepEqual(
      step.logprobs.map(({ token: text, bytes }) => [text, bytes]),
      [
        ['\ufffd', [0xc3]],
        ['\ufffd', [0xa9]],
      ],
    );
    assert.deepEqual(shown(read.token(token(1, 'a'))), ['a', [1]]);
  });

  test('those that the model rules out with -9999, which is a number in JSON', () => {
    const top = [{ tokenId: 2, logprob: NaN }];
    const modelLogprobs = { tokenId: 1, logprob: -Infinity, top };
    const { logprobs } = reply().token({ ...token(1, 'a'), modelLogprobs });
    assert.deepEqual(
      logprobs.map(({ logprob, top_logprobs: [other] }) => [logprob, other?.token, other?.logprob]),
      [[-9999, 'b', -9999]],
    );
  });

  test('those whose bytes are no text, with what replaces them', () => {
    const read = reply();
    assert.deepEqual(shown(read.token(token(7, '\ufffd'))), ['\ufffd', [7]]);
    assert.deepEqual(shown(read.token(token(8, '🙂'))), ['🙂', [8]]);
  });

  test('those that were held back, once they turn out to be no stop string', () => {
    const read = reply();
    assert.deepEqual(shown(read.token(token(1, ''))), ['', []]);
    assert.deepEqual(shown(read.token(token(2, 'ab'))), ['ab', [1, 2]]);
  });

  test('but not those of the stop string, nor the one that ends the text', () => {
    const stopped = reply();
    stopped.token(token(1, 'a'));
    stopped.token(token(3, ''));
    assert.deepEqual(shown(stopped.finish(finish('stop'))), ['', []]);
    const ended = reply();
    ended.token(token(1, 'a'));
    ended.token(token(0, ''));
    assert.deepEqual(shown(ended.finish(finish('eos'))), ['', []]);
  });

  test('one that the stop string only ends in is there', () => {
    const read = reply();
    read.token(token(1, ''));
    read.token(token(4, ''));
    // The stop string is "f".
    assert.deepEqual(shown(read.finish(finish('stop', 'aca'))), ['aca', [1, 4]]);
  });

  test('those that the end gives free, and an unfinished character', () => {
    const read = reply();
    read.token(token(1, ''));
    read.token(token(5, ''));
    assert.deepEqual(shown(read.finish(finish('length', 'a\ufffd'))), ['a\ufffd', [1, 5]]);
  });

  test('an end-of-sequence token that ends nothing has a name and no bytes', () => {
    const read = reply();
    read.token(token(0, ''));
    assert.deepEqual(read.token(token(1, 'a')).logprobs[0], {
      token: '</s>',
      logprob: -0,
      bytes: null,
      top_logprobs: [],
    });
  });

  test('those of a text that the reader holds back wait for it', () => {
    let held = '';
    const holding: ReplyReader = {
      push: (text) => {
        held += text;
        return held.length < 3 ? [] : [{ type: 'content', text: held }];
      },
      end: () => [],
    };
    const read = reply(holding);
    assert.deepEqual(shown(read.token(token(1, 'a'))), ['', []]);
    assert.deepEqual(shown(read.token(token(2, 'b'))), ['', []]);
    assert.deepEqual(shown(read.token(token(1, 'a'))), ['aba', [1, 2, 1]]);
  });
});

describe('a reply ends', () => {
  const call: ReplyPart = { type: 'toolCall', index: 0, id: 'call_1', name: 'f' };
  const calling: ReplyReader = { push: () => [call], end: () => [] };
  const late: ReplyReader = { push: () => [], end: () => [call] };

  for (const [reason, end] of [
    ['eos', 'stop'],
    ['stop', 'stop'],
    ['exhausted', 'stop'],
    ['length', 'length'],
    ['deadline', 'length'],
  ] as const) {
    test(`with ${end} for ${reason}`, () => {
      assert.equal(reply().finish(finish(reason)).end, end);
    });
  }

  test('with tool_calls where tools were called, even at the very end', () => {
    for (const reader of [calling, late]) {
      assert.equal(reply(reader).finish(finish('eos', 'x')).end, 'tool_calls');
      assert.equal(reply(reader).finish(finish('stop', 'x')).end, 'tool_calls');
    }
  });

  test('with length where a call was cut off', () => {
    assert.equal(reply(calling).finish(finish('length', 'x')).end, 'length');
  });
});
