import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testConfiguration } from '../../fakes/server.js';
import { chatServer, QUESTION, type ChatServer } from './chat-server.js';
import { DECODING_EFFECTS, DEFAULTS, part, type Effect } from './decoding-effects.js';

/** What the fields of this route ask of the engine besides. */
const EFFECTS: readonly Effect[] = [
  ...DECODING_EFFECTS,
  [{ num_beams: 3, n: 2 }, { numReturnSequences: 2 }],
  [{ max_tokens: 7 }, { maxNewTokens: 7 }],
  [{ max_completion_tokens: 7 }, { maxNewTokens: 7 }],
  [{ max_completion_tokens: 7, max_tokens: 7 }, { maxNewTokens: 7 }],
  [{ n: 3 }, { numReturnSequences: 3 }],
  [{ logprobs: true, top_logprobs: 3 }, { logprobs: 3 }],
  [{ grammar: 'root ::= "a"', response_format: { type: 'text' } }, { grammar: 'root ::= "a"' }],
];

function shortServer(): ChatServer {
  return chatServer({ script: () => [' a', '<eos>', '<none>'] });
}

describe('a field of a chat asks the engine for', () => {
  for (const [body, asked] of EFFECTS) {
    test(JSON.stringify(body), async () => {
      const request = await shortServer().requestFor({ ...QUESTION, ...body });
      assert.deepEqual(part(request, asked), asked);
    });
  }

  test('what is the default, if it is left out or null', async () => {
    const fields = [...new Set(EFFECTS.flatMap(([body]) => Object.keys(body)))];
    const nothing = Object.fromEntries(fields.map((name) => [name, null]));
    for (const body of [{}, nothing]) {
      const request = await shortServer().requestFor({ ...QUESTION, ...body });
      assert.deepEqual(part(request, DEFAULTS), DEFAULTS);
      for (const name of ['minP', 'seed', 'eosTokenId', 'grammar', 'logprobs'] as const)
        assert.equal(name === 'seed' ? undefined : request[name], undefined, name);
    }
  });
});

describe('what a configuration sets for a model', () => {
  const configured = (generation: object): ChatServer => {
    const configuration = testConfiguration();
    const models = configuration.catalogue.models.map((model) => ({ ...model, generation }));
    const catalogue = { ...configuration.catalogue, models };
    const engine = { script: () => [' a', '<eos>', '<none>'] };
    return chatServer(engine, { configuration: { ...configuration, catalogue } });
  };

  test("goes before OpenAI's defaults, and behind the request", async () => {
    const server = configured({ temperature: 0.5, topK: 7, maxNewTokens: 9, stopStrings: ['x'] });
    const asked = await server.requestFor(QUESTION);
    const wanted = { temperature: 0.5, topK: 7, maxNewTokens: 9, stopStrings: ['x'], topP: 1 };
    assert.deepEqual(part(asked, wanted), wanted);
    const own = { temperature: 0.25, top_k: 8, max_tokens: 10, stop: ['y'] };
    const request = await server.requestFor({ ...QUESTION, ...own });
    const overruled = { temperature: 0.25, topK: 8, maxNewTokens: 10, stopStrings: ['y'] };
    assert.deepEqual(part(request, overruled), overruled);
  });

  test('a configured length is cut to the room that there is', async () => {
    assert.equal((await configured({ maxNewTokens: 5000 }).requestFor(QUESTION)).maxNewTokens, 254);
    assert.equal((await configured({ maxLength: 10 }).requestFor(QUESTION)).maxNewTokens, 7);
  });

  test('configured beams can neither be streamed nor told of, and the refusal says whose they are', async () => {
    const beams = configured({ numBeams: 2, doSample: false });
    const { status, message, param } = await beams.refusal({ ...QUESTION, stream: true });
    assert.deepEqual(
      [status, param, message],
      [400, 'stream', 'stream: expected false with the configured num_beams above 1'],
    );
    const told = await beams.refusal({ ...QUESTION, logprobs: true });
    assert.equal(told.message, 'logprobs: expected false with the configured num_beams above 1');
  });
});

describe('a field that cannot work here', () => {
  const neutral: readonly (readonly [field: string, values: readonly unknown[], other: unknown])[] = [
    ['store', [false], true],
    ['modalities', [['text']], ['text', 'audio']],
    ['audio', [], { voice: 'alloy', format: 'wav' }],
    ['prediction', [], { type: 'content', content: 'a' }],
    ['reasoning_effort', ['none'], 'high'],
    ['verbosity', ['medium'], 'low'],
    ['web_search_options', [], {}],
    ['moderation', [], { model: 'm' }],
    ['prompt_cache_options', [{}, { mode: 'implicit' }], { mode: 'explicit' }],
    ['functions', [[]], [{ name: 'f' }]],
    ['function_call', ['none'], 'auto'],
  ];
  for (const [field, values, other] of neutral) {
    test(`${field} is taken where it asks for nothing, else refused by its name`, async () => {
      const server = shortServer();
      for (const value of [null, ...values]) {
        assert.equal(await server.ignoredIn({ ...QUESTION, [field]: value }), null);
      }
      const { status, param, message } = await server.refusal({ ...QUESTION, [field]: other });
      assert.deepEqual([status, param], [400, field]);
      assert.match(message, new RegExp(`^${field}: expected .*null: `));
    });
  }
});
