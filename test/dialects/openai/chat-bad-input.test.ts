import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { chatServer, QUESTION } from './chat-server.js';

const server = chatServer();

const assistant = (more: object): object => ({ messages: [{ role: 'assistant', ...more }] });
const calls = (call: unknown): object => assistant({ content: null, tool_calls: [call] });
const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
const called = (more: object): object => calls({ ...call, function: { ...call.function, ...more } });
const content = (value: unknown): object => ({ messages: [{ role: 'user', content: value }] });
const tool = (more: object): object => ({ tools: [{ type: 'function', function: { name: 'f', ...more } }] });
const schema = (more: unknown): object => ({
  response_format: { type: 'json_schema', json_schema: more },
});

/** Bodies beside the question, the param that is named, and the message behind it. */
const REFUSED: readonly (readonly [body: object, param: string, message: RegExp])[] = [
  // Messages
  [{ messages: undefined }, 'messages', /expected an array$/],
  [{ messages: null }, 'messages', /expected an array$/],
  [{ messages: {} }, 'messages', /expected an array$/],
  [{ messages: [] }, 'messages', /expected at least one message$/],
  [{ messages: ['A'] }, 'messages[0]', /expected an object$/],
  [{ messages: [null] }, 'messages[0]', /expected an object$/],
  [
    { messages: [{ content: 'A' }] },
    'messages[0].role',
    /expected system, developer, user, assistant, tool$/,
  ],
  [{ messages: [{ role: 'constructor', content: 'A' }] }, 'messages[0].role', /expected system/],
  [{ messages: [{ role: 5, content: 'A' }] }, 'messages[0].role', /expected system/],
  [
    { messages: [{ role: 'function', content: 'A', name: 'f' }] },
    'messages[0].role',
    /function is not supported/,
  ],
  [{ messages: [{ role: 'user' }] }, 'messages[0].content', /expected a string or an array$/],
  [
    { messages: [{ role: 'user', contents: 'A' }] },
    'messages[0].contents',
    /unknown field; did you mean content/,
  ],
  [{ messages: [{ role: 'user', content: 'A', tool_calls: [] }] }, 'messages[0].tool_calls', /unknown field/],
  [{ messages: [{ role: 'user', content: 'A', name: 5 }] }, 'messages[0].name', /expected text/],
  [content(null), 'messages[0].content', /expected a string or an array$/],
  [content(5), 'messages[0].content', /expected a string or an array$/],
  [content('a\0b'), 'messages[0].content', /NUL/],
  [content('\ud800'), 'messages[0].content', /lone surrogates/],
  [content([]), 'messages[0].content', /expected at least one part$/],
  [content(['A']), 'messages[0].content[0]', /expected a part of type text$/],
  [content([{ type: 'text' }]), 'messages[0].content[0].text', /expected text/],
  [content([{ type: 'text', text: 'A', x: 1 }]), 'messages[0].content[0].x', /unknown field/],
  [content([{ text: 'A' }]), 'messages[0].content[0].type', /expected a part of type text$/],
  [
    content([{ type: 'image_url', image_url: { url: 'data:' } }]),
    'messages[0].content[0].type',
    /image_url is not supported: models here read text only$/,
  ],
  [content([{ type: 'input_audio' }]), 'messages[0].content[0].type', /input_audio is not supported/],
  [content([{ type: 'file' }]), 'messages[0].content[0].type', /file is not supported/],
  [
    content([{ type: 'refusal', refusal: 'x' }]),
    'messages[0].content[0].type',
    /expected a part of type text$/,
  ],
  [content([{ type: '__proto__' }]), 'messages[0].content[0].type', /expected a part of type text$/],
  [assistant({}), 'messages[0].content', /expected text, or tool_calls beside null$/],
  [assistant({ content: null }), 'messages[0].content', /expected text, or tool_calls beside null$/],
  [assistant({ content: null, tool_calls: [] }), 'messages[0].content', /expected text, or tool_calls/],
  [assistant({ content: 'A', audio: { id: 'x' } }), 'messages[0].audio', /expected null/],
  [assistant({ content: 'A', function_call: {} }), 'messages[0].function_call', /use tool_calls/],
  [assistant({ content: 'A', reasoning_content: 'hm' }), 'messages[0].reasoning_content', /expected null/],
  [assistant({ content: 'A', refusal: 5 }), 'messages[0].refusal', /expected text/],
  [assistant({ content: null, tool_calls: {} }), 'messages[0].tool_calls', /expected an array$/],
  [calls(null), 'messages[0].tool_calls[0]', /expected an object$/],
  [calls({ ...call, id: '' }), 'messages[0].tool_calls[0].id', /1 to 256/],
  [calls({ ...call, id: undefined }), 'messages[0].tool_calls[0].id', /expected an id/],
  [calls({ ...call, type: 'custom' }), 'messages[0].tool_calls[0].type', /custom is not supported/],
  [calls({ ...call, x: 1 }), 'messages[0].tool_calls[0].x', /unknown field/],
  [called({ name: 'a b' }), 'messages[0].tool_calls[0].function.name', /letters, digits/],
  [called({ arguments: {} }), 'messages[0].tool_calls[0].function.arguments', /expected text/],
  [called({ arguments: '{' }), 'messages[0].tool_calls[0].function.arguments', /JSON text of an object/],
  [called({ arguments: '[]' }), 'messages[0].tool_calls[0].function.arguments', /JSON text of an object/],
  [
    { messages: [{ role: 'tool', content: 'A' }] },
    'messages[0].tool_call_id',
    /expected text, received nothing$/,
  ],

  // Tools
  [{ tools: {} }, 'tools', /expected an array$/],
  [{ tools: ['f'] }, 'tools[0]', /expected an object$/],
  [{ tools: [{ type: 'custom', custom: {} }] }, 'tools[0].custom', /unknown field/],
  [{ tools: [{ type: 'custom' }] }, 'tools[0].type', /custom is not supported/],
  [{ tools: [{ function: { name: 'f' } }] }, 'tools[0].type', /expected "function"$/],
  [{ tools: [{ type: 'function' }] }, 'tools[0].function', /expected an object$/],
  [tool({ name: '' }), 'tools[0].function.name', /1 to 64 letters/],
  [tool({ name: 'a'.repeat(65) }), 'tools[0].function.name', /1 to 64 letters/],
  [tool({ name: 'f.g' }), 'tools[0].function.name', /1 to 64 letters/],
  [tool({ parameters: [] }), 'tools[0].function.parameters', /expected a JSON schema of an object$/],
  [tool({ parameters: true }), 'tools[0].function.parameters', /expected a JSON schema of an object$/],
  [tool({ description: 5 }), 'tools[0].function.description', /expected text/],
  [tool({ strict: 1 }), 'tools[0].function.strict', /expected true or false/],
  [tool({ defer: 1 }), 'tools[0].function.defer', /unknown field/],
  [
    { tools: [1, 2].map(() => ({ type: 'function', function: { name: 'f' } })) },
    'tools[1].function.name',
    /that no tool before has$/,
  ],
  [{ tool_choice: 'required' }, 'tool_choice', /expected tools beside "required", or "none"$/],
  [{ tool_choice: 'auto' }, 'tool_choice', /expected tools beside "auto", or "none"$/],
  [{ tools: [], tool_choice: 'auto' }, 'tool_choice', /expected tools beside "auto"/],
  [
    { tool_choice: { type: 'function', function: { name: 'f' } } },
    'tool_choice',
    /expected tools beside the name of one/,
  ],
  [{ tool_choice: 'any' }, 'tool_choice', /expected "none", "auto", "required" or/],
  [{ tool_choice: 5 }, 'tool_choice', /expected "none"/],
  [{ tool_choice: { type: 'allowed_tools', allowed_tools: {} } }, 'tool_choice.type', /only those tools/],
  [{ tool_choice: { type: 'custom', custom: {} } }, 'tool_choice.type', /custom is not supported/],
  [{ tool_choice: { type: 'function' } }, 'tool_choice.function', /expected an object$/],
  [
    { ...tool({}), tool_choice: { type: 'function', function: { name: 'g' } } },
    'tool_choice.function.name',
    /one of the tools$/,
  ],
  [{ ...tool({}), parallel_tool_calls: 'yes' }, 'parallel_tool_calls', /expected true or false/],

  // The form of the answer
  [{ response_format: 'text' }, 'response_format', /expected an object$/],
  [{ response_format: {} }, 'response_format.type', /expected text, json_object or json_schema$/],
  [{ response_format: { type: 'xml' } }, 'response_format.type', /expected text, json_object/],
  [{ response_format: { type: 'text', x: 1 } }, 'response_format.x', /unknown field/],
  [{ response_format: { type: 'json_schema' } }, 'response_format.json_schema', /expected an object$/],
  [schema({ schema: {} }), 'response_format.json_schema.name', /expected a name$/],
  [schema({ name: 'a b', schema: {} }), 'response_format.json_schema.name', /letters, digits/],
  [schema({ name: 'a' }), 'response_format.json_schema.schema', /expected a JSON schema$/],
  [schema({ name: 'a', schema: {}, strict: 'yes' }), 'response_format.json_schema.strict', /true or false/],
  [{ grammar: 'x' }, 'grammar', /line 1/],
  [{ grammar: 5 }, 'grammar', /expected a GBNF grammar/],
  [
    { grammar: 'root ::= "a"', response_format: { type: 'json_object' } },
    'grammar',
    /beside response_format/,
  ],
  [{ grammar: 'root ::= "a"', ...tool({}) }, 'grammar', /beside tools/],

  // Lengths and choices
  [{ max_tokens: 0 }, 'max_tokens', /from 1 to/],
  [{ max_tokens: 1.5 }, 'max_tokens', /expected an integer/],
  [{ max_completion_tokens: '5' }, 'max_completion_tokens', /expected an integer/],
  [{ max_completion_tokens: 5, max_tokens: 6 }, 'max_tokens', /expected 5 as max_completion_tokens/],
  [{ n: 0 }, 'n', /from 1 to 128/],
  [{ n: 129 }, 'n', /from 1 to 128/],
  [{ n: 3, num_beams: 2 }, 'n', /expected at most num_beams \(2\), received 3$/],
  [{ best_of: 2 }, 'best_of', /unknown field best_of/],
  [{ echo: true }, 'echo', /unknown field echo/],

  // Decoding
  [{ temperature: 2.1 }, 'temperature', /from 0 to 2/],
  [{ temperature: 'hot' }, 'temperature', /expected a number/],
  [{ top_p: -1 }, 'top_p', /from 0 to 1/],
  [{ presence_penalty: 3 }, 'presence_penalty', /from -2 to 2/],
  [{ frequency_penalty: -3 }, 'frequency_penalty', /from -2 to 2/],
  [{ logit_bias: { x: 1 } }, 'logit_bias', /token ids as keys, without leading zeros$/],
  [{ logit_bias: { 1: -5, '01': 5 } }, 'logit_bias', /token ids as keys, without leading zeros$/],
  [{ logit_bias: { '00': 5 } }, 'logit_bias', /token ids as keys, without leading zeros$/],
  [{ logit_bias: { 1: 101 } }, 'logit_bias', /from -100 to 100$/],
  [{ seed: 1.5 }, 'seed', /expected an integer/],
  [{ stop: '' }, 'stop', /1 to 1024/],
  [{ stop: Array(17).fill('a') }, 'stop', /at most 16/],
  [{ top_k: -2 }, 'top_k', /from -1/],
  [{ min_p: 2 }, 'min_p', /from 0 to 1/],
  [{ typical_p: 0 }, 'typical_p', /above 0/],
  [{ repetition_penalty: 0 }, 'repetition_penalty', /expected a number/],
  [{ no_repeat_ngram_size: -1 }, 'no_repeat_ngram_size', /expected an integer/],
  [{ num_beams: 65 }, 'num_beams', /from 1 to 64/],
  [{ num_beams: 2, length_penalty: 'a' }, 'length_penalty', /expected a number/],
  [{ num_beams: 2, early_stopping: 'no' }, 'early_stopping', /"never"/],
  [{ num_beams: 2, logprobs: true }, 'logprobs', /^logprobs: expected false with num_beams above 1$/],
  [
    { num_beams: 2, logprobs: true, top_logprobs: 3 },
    'logprobs',
    /^logprobs: expected false with num_beams above 1$/,
  ],
  [{ num_beams: 2, stream: true }, 'stream', /expected false with num_beams above 1$/],
  [{ min_tokens: 9, max_tokens: 5 }, 'min_tokens', /expected at most 5 \(max_tokens\), received 9$/],
  [
    { min_tokens: 9, max_completion_tokens: 5 },
    'min_tokens',
    /expected at most 5 \(max_completion_tokens\), received 9$/,
  ],
  [{ ignore_eos: 1 }, 'ignore_eos', /true or false/],

  // Log-probabilities and streams
  [{ logprobs: 5 }, 'logprobs', /true or false/],
  [{ logprobs: true, top_logprobs: 21 }, 'top_logprobs', /from 0 to 20/],
  [{ top_logprobs: 2 }, 'top_logprobs', /expected logprobs to be true/],
  [{ logprobs: false, top_logprobs: 2 }, 'top_logprobs', /expected logprobs to be true/],
  [{ stream: 'yes' }, 'stream', /true or false/],
  [{ stream_options: {} }, 'stream_options', /expected none unless stream is true$/],
  [{ stream: true, stream_options: { usage: true } }, 'stream_options.usage', /unknown field/],
  [{ stream: true, stream_options: 1 }, 'stream_options', /expected an object$/],
  [
    { stream: true, stream_options: { include_obfuscation: true } },
    'stream_options.include_obfuscation',
    /not padded$/,
  ],

  // The rest
  [{ model: 5 }, 'model', /expected text/],
  [{ chat_template_kwargs: [] }, 'chat_template_kwargs', /expected an object$/],
  [{ temprature: 1 }, 'temprature', /did you mean temperature\?$/],
];

describe('a chat is refused', () => {
  for (const [body, param, message] of REFUSED) {
    test(`${JSON.stringify(body)}: ${param}`, async () => {
      const refusal = await server.refusal({ ...QUESTION, ...body });
      assert.deepEqual(
        [refusal.status, refusal.type, refusal.param, refusal.code],
        [400, 'invalid_request_error', param, null],
        refusal.message,
      );
      assert.match(refusal.message, message);
      if (!/^unknown field \w/.test(refusal.message)) assert.ok(refusal.message.startsWith(`${param}: `));
    });
  }

  test('for a model that there is not', async () => {
    const { status, code, param } = await server.refusal({ ...QUESTION, model: 'none' });
    assert.deepEqual([status, code, param], [404, 'model_not_found', 'model']);
  });

  test('for what is no JSON object', async () => {
    for (const body of ['', '{', '[]', 'null', '"a"', '{"messages":'])
      assert.equal((await server.refusal(body)).status, 400);
  });
});

describe('a conversation that does not fit', () => {
  test('is refused with the counts', async () => {
    const long = Array(300).fill('word').join(' ');
    const refusal = await server.refusal({ messages: [{ role: 'user', content: long }] });
    assert.deepEqual(
      [refusal.status, refusal.type, refusal.param, refusal.code],
      [400, 'invalid_request_error', 'messages', 'context_length_exceeded'],
    );
    assert.match(refusal.message, /maximum context length is 256 tokens, but the messages take 302 tokens/);
  });

  test('with the tokens that it asks for is refused with both counts', async () => {
    for (const field of ['max_tokens', 'max_completion_tokens']) {
      const refusal = await server.refusal({ ...QUESTION, [field]: 255 });
      assert.deepEqual([refusal.param, refusal.code], ['messages', 'context_length_exceeded']);
      assert.match(refusal.message, new RegExp(`take 3 and ${field} asks for 255 more, of which 254 fit`));
      assert.equal((await server.answer({ ...QUESTION, [field]: 254 })).usage.completion_tokens, 254);
    }
  });
});
