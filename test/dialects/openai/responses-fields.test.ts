import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testConfiguration } from '../../fakes/server.js';
import { DECODING_EFFECTS, DEFAULTS, part, type Effect } from './decoding-effects.js';
import { INPUT, responsesServer, textOf, type ResponsesServer } from './responses-server.js';

/** What the fields of this route ask of the engine besides. */
const EFFECTS: readonly Effect[] = [
  ...DECODING_EFFECTS,
  [{ max_output_tokens: 7 }, { maxNewTokens: 7 }],
  [{ include: ['message.output_text.logprobs'], top_logprobs: 3 }, { logprobs: 3 }],
  [{ grammar: 'root ::= "a"', text: { format: { type: 'text' } } }, { grammar: 'root ::= "a"' }],
];

function shortServer(): ResponsesServer {
  return responsesServer({ script: () => [' a', '<eos>', '<none>'] });
}

describe('a field of a response asks the engine for', () => {
  for (const [body, asked] of EFFECTS) {
    test(JSON.stringify(body), async () => {
      const request = await shortServer().requestFor({ ...INPUT, ...body });
      assert.deepEqual(part(request, asked), asked);
    });
  }

  test('what is the default, if it is left out or null', async () => {
    const fields = [...new Set(EFFECTS.flatMap(([body]) => Object.keys(body)))];
    const others = ['instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'metadata', 'stream'];
    const nothing = Object.fromEntries([...fields, ...others].map((name) => [name, null]));
    for (const body of [{}, nothing]) {
      const request = await shortServer().requestFor({ ...INPUT, ...body });
      assert.deepEqual(part(request, DEFAULTS), DEFAULTS);
      for (const name of ['minP', 'eosTokenId', 'grammar', 'logprobs'] as const)
        assert.equal(request[name], undefined, name);
    }
  });

  test('chat_template_kwargs come to the template', async () => {
    const chatTemplate = '{{ more }}: {{ messages[0].content }}';
    const server = responsesServer({ script: () => [' a', '<eos>'], info: { chatTemplate } });
    await server.answer({ ...INPUT, chat_template_kwargs: { more: 'loud' } });
    assert.equal(server.engine.tokenized.at(-1), 'loud: A');
  });

  test('what the configuration sets goes before the defaults, behind the request, and is told', async () => {
    const configuration = testConfiguration();
    const generation = { temperature: 0.5, topP: 0.75, maxNewTokens: 9 };
    const models = configuration.catalogue.models.map((model) => ({ ...model, generation }));
    const server = responsesServer(
      { script: () => [' a', '<eos>', '<none>'] },
      { configuration: { ...configuration, catalogue: { ...configuration.catalogue, models } } },
    );
    const answer = await server.answer(INPUT);
    assert.deepEqual(part(server.engine.requests.at(-1) ?? assert.fail(), generation), generation);
    assert.deepEqual(
      [answer['temperature'], answer['top_p'], answer['max_output_tokens']],
      [0.5, 0.75, null],
    );
    const own = await server.answer({ ...INPUT, temperature: 0.25, max_output_tokens: 10 });
    assert.deepEqual([own['temperature'], own['max_output_tokens']], [0.25, 10]);
    assert.equal(server.engine.requests.at(-1)?.maxNewTokens, 10);
  });
});

describe('the input of a response', () => {
  const inputs: readonly (readonly [body: object, prompt: string])[] = [
    [{ input: 'A' }, 'user: A\n'],
    [{ input: 'A', instructions: 'B' }, 'system: B\nuser: A\n'],
    [{ input: '' }, 'user: \n'],
    [{ input: [{ role: 'user', content: 'A' }] }, 'user: A\n'],
    [{ input: [{ type: 'message', role: 'user', content: 'A' }] }, 'user: A\n'],
    [
      {
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'A' },
              { type: 'input_text', text: 'B' },
            ],
          },
        ],
      },
      'user: AB\n',
    ],
    [
      {
        instructions: 'C',
        input: [
          { role: 'developer', content: 'D' },
          { role: 'system', content: 'E' },
          { role: 'user', content: 'A' },
          { role: 'assistant', content: 'B' },
          { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
          { role: 'user', content: 'F' },
        ],
      },
      'system: C\ndeveloper: D\nsystem: E\nuser: A\nassistant: B\nassistant: No.\nuser: F\n',
    ],
  ];
  for (const [body, prompt] of inputs) {
    test(JSON.stringify(body), async () => {
      const server = shortServer();
      await server.answer(body);
      // The template's own words for developer are system.
      assert.equal(server.engine.tokenized.at(-1), `${prompt.replace('developer', 'system')}assistant:`);
    });
  }

  test('may hold answers as they were given', async () => {
    const server = responsesServer({ script: () => [' a', ' b', '<eos>'] });
    const { output } = await server.answer({ ...INPUT, include: ['message.output_text.logprobs'] });
    await server.answer({
      input: [{ role: 'user', content: 'A' }, ...output, { role: 'user', content: 'C' }],
    });
    assert.equal(server.engine.tokenized.at(-1), 'user: A\nassistant:  a b\nuser: C\nassistant:');
    assert.equal(textOf({ output }), ' a b');
  });
});

describe('a field that cannot work here', () => {
  const neutral: readonly (readonly [field: string, values: readonly unknown[], other: unknown])[] = [
    ['store', [false], true],
    ['previous_response_id', [], 'resp_1'],
    ['conversation', [], 'conv_1'],
    ['background', [false], true],
    ['prompt', [], { id: 'pmpt_1' }],
    ['reasoning', [{}, { effort: 'none' }, { effort: null }, { summary: null }], { effort: 'low' }],
    ['truncation', ['disabled'], 'auto'],
    ['max_tool_calls', [], 5],
    ['context_management', [[]], [{ type: 'compaction' }]],
    ['moderation', [], { model: 'm' }],
    ['prompt_cache_options', [{}, { mode: 'implicit' }], { mode: 'explicit' }],
    ['text.verbosity', ['medium'], 'low'],
    ['stream_options.include_obfuscation', [false], true],
  ];
  for (const [field, values, other] of neutral) {
    test(`${field} is taken where it asks for nothing, else refused by its name`, async () => {
      const server = shortServer();
      const [outer = '', inner] = field.split('.');
      const bodyOf = (value: unknown): object => ({
        ...INPUT,
        stream: outer === 'stream_options',
        [outer]: inner === undefined ? value : { [inner]: value },
      });
      for (const value of [null, ...values]) assert.equal(await server.ignoredIn(bodyOf(value)), null);
      const { status, param, message } = await server.refusal(bodyOf(other));
      assert.deepEqual([status, param], [400, field]);
      assert.match(message, /: expected .*null: /);
      assert.ok(message.startsWith(`${field}: `));
    });
  }
});
