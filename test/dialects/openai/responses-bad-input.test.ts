import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseResponse } from '../../../src/dialects/openai/responses/schema.js';
import type { JsonObject } from '../../../src/server/json-body.js';
import { INPUT, responsesServer } from './responses-server.js';

const server = responsesServer();

const call = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' };
const output = { type: 'function_call_output', call_id: 'a', output: 'x' };
const items = (...given: unknown[]): object => ({ input: given });
const content = (value: unknown): object => items({ role: 'user', content: value });
const tool = (more: object): object => ({ tools: [{ type: 'function', name: 'f', ...more }] });
const format = (value: unknown): object => ({ text: { format: value } });

/** Bodies beside the input, the param that is named, and the message behind it. */
const REFUSED: readonly (readonly [body: object, param: string, message: RegExp])[] = [
  // Input
  [{ input: undefined }, 'input', /expected a string or an array$/],
  [{ input: null }, 'input', /expected a string or an array$/],
  [{ input: {} }, 'input', /expected a string or an array$/],
  [{ input: [] }, 'input', /expected at least one item$/],
  [{ input: 'a\0b' }, 'input', /NUL/],
  [{ input: '\ud800' }, 'input', /lone surrogates/],
  [{ instructions: 5 }, 'instructions', /expected text/],
  [items('A'), 'input[0]', /expected an object$/],
  [items(null), 'input[0]', /expected an object$/],
  [items({ content: 'A' }), 'input[0].role', /expected user, assistant, system, developer$/],
  [items({ role: 'tool', content: 'A' }), 'input[0].role', /expected user, assistant/],
  [items({ role: 'user' }), 'input[0].content', /expected a string or an array$/],
  [items({ role: 'user', content: 'A', name: 'me' }), 'input[0].name', /unknown field/],
  [items({ role: 'user', contents: 'A' }), 'input[0].contents', /did you mean content/],
  [items({ role: 'user', content: 'A', phase: null }), 'input[0].phase', /unknown field/],
  [items({ role: 'assistant', content: 'A', phase: 'commentary' }), 'input[0].phase', /expected null/],
  [content(null), 'input[0].content', /expected a string or an array$/],
  [content([]), 'input[0].content', /expected at least one part$/],
  [content(['A']), 'input[0].content[0]', /expected a part of type input_text$/],
  [content([{ type: 'text', text: 'A' }]), 'input[0].content[0].type', /expected a part of type input_text$/],
  [content([{ type: 'output_text', text: 'A' }]), 'input[0].content[0].type', /of type input_text$/],
  [content([{ type: 'input_text' }]), 'input[0].content[0].text', /expected text/],
  [content([{ type: '__proto__' }]), 'input[0].content[0].type', /of type input_text$/],
  [
    content([{ type: 'input_image', image_url: 'data:' }]),
    'input[0].content[0].type',
    /input_image is not supported: models here read text only$/,
  ],
  [content([{ type: 'input_file' }]), 'input[0].content[0].type', /input_file is not supported/],
  [items({ type: 'reasoning', summary: [] }), 'input[0].type', /reasoning is not supported: .*leave it out$/],
  [items({ type: 'item_reference', id: 'x' }), 'input[0].type', /nothing is stored here; send the item/],
  [items({ type: 'web_search_call' }), 'input[0].type', /no built-in tools$/],
  [items({ type: 'constructor' }), 'input[0].type', /expected message, function_call or/],
  [items({ type: 5 }), 'input[0].type', /expected message, function_call or/],

  // Calls and their outputs
  [items({ ...call, call_id: '' }), 'input[0].call_id', /1 to 256/],
  [items({ ...call, call_id: undefined }), 'input[0].call_id', /expected an id/],
  [items({ ...call, name: 'a b' }), 'input[0].name', /letters, digits/],
  [items({ ...call, arguments: {} }), 'input[0].arguments', /expected text/],
  [items({ ...call, arguments: '[]' }), 'input[0].arguments', /JSON text of an object$/],
  [items({ ...call, x: 1 }), 'input[0].x', /unknown field/],
  [items(output), 'input[0].call_id', /call_id of a function_call before it that has no output yet$/],
  [items(call, output, output), 'input[2].call_id', /that has no output yet$/],
  [items(call, call), 'input[1].call_id', /that no call before it has$/],
  [items({ ...call, output: 1 }), 'input[0].output', /unknown field/],
  [items(call, { ...output, output: null }), 'input[1].output', /expected a string or an array$/],
  [items(call), 'input[0]', /expected a function_call_output for this call before anything else/],
  [items(call, { role: 'user', content: 'A' }, output), 'input[0]', /expected a function_call_output/],
  [items(call, { ...call, call_id: 'b' }, output, { ...call, call_id: 'c' }), 'input[1]', /for this call/],

  // Tools
  [{ tools: {} }, 'tools', /expected an array$/],
  [{ tools: ['f'] }, 'tools[0]', /expected an object$/],
  [
    { tools: [{ type: 'web_search' }] },
    'tools[0].type',
    /web_search is not supported: there are no built-in/,
  ],
  [{ tools: [{ type: 'mcp', server_label: 'x' }] }, 'tools[0].type', /mcp is not supported/],
  [{ tools: [{ type: 'custom', name: 'x', format: {} }] }, 'tools[0].type', /custom is not supported/],
  [{ tools: [{ name: 'f' }] }, 'tools[0].type', /expected "function"$/],
  [{ tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools[0].function', /unknown field/],
  [tool({ name: '' }), 'tools[0].name', /1 to 64 letters/],
  [tool({ parameters: [] }), 'tools[0].parameters', /expected a JSON schema of an object$/],
  [tool({ description: 5 }), 'tools[0].description', /expected text/],
  [tool({ strict: 1 }), 'tools[0].strict', /expected true or false/],
  [{ tools: [1, 2].map(() => ({ type: 'function', name: 'f' })) }, 'tools[1].name', /no tool before has$/],
  [{ tool_choice: 'required' }, 'tool_choice', /expected tools beside "required"$/],
  [{ tool_choice: 'any' }, 'tool_choice', /expected "none", "auto", "required" or/],
  [{ tool_choice: { type: 'allowed_tools', tools: [] } }, 'tool_choice.type', /only those tools/],
  [{ tool_choice: { type: 'file_search' } }, 'tool_choice.type', /file_search is not supported/],
  [{ tool_choice: { type: 'function' } }, 'tool_choice.name', /expected a name$/],
  [{ ...tool({}), tool_choice: { type: 'function', name: 'g' } }, 'tool_choice.name', /one of the tools$/],

  // The form of the answer
  [{ text: 'text' }, 'text', /expected an object$/],
  [{ text: { style: 'x' } }, 'text.style', /unknown field/],
  [format('text'), 'text.format', /expected an object$/],
  [format({ type: 'xml' }), 'text.format.type', /expected text, json_object or json_schema$/],
  [format({ type: 'text', x: 1 }), 'text.format.x', /unknown field/],
  [format({ type: 'json_schema', schema: {} }), 'text.format.name', /expected a name$/],
  [format({ type: 'json_schema', name: 'a' }), 'text.format.schema', /expected a JSON schema of an object$/],
  [format({ type: 'json_schema', name: 'a', schema: true }), 'text.format.schema', /of an object$/],
  [{ grammar: 'x' }, 'grammar', /line 1/],
  [{ grammar: 'root ::= "a"', ...format({ type: 'json_object' }) }, 'grammar', /beside text\.format/],
  [{ grammar: 'root ::= "a"', ...tool({}) }, 'grammar', /beside tools/],

  // Log-probabilities and lengths
  [{ include: 'logprobs' }, 'include', /expected an array$/],
  [{ include: ['logprobs'] }, 'include[0]', /expected message\.output_text\.logprobs/],
  [{ top_logprobs: 2 }, 'top_logprobs', /expected include to have "message\.output_text\.logprobs"/],
  [{ include: ['message.output_text.logprobs'], top_logprobs: 21 }, 'top_logprobs', /from 0 to 20/],
  [{ include: ['message.output_text.logprobs'], num_beams: 2 }, 'include', /expected none with num_beams/],
  [{ max_output_tokens: 0 }, 'max_output_tokens', /from 1 to/],
  [{ max_tokens: 5 }, 'max_tokens', /unknown field max_tokens/],
  [{ min_tokens: 9, max_output_tokens: 5 }, 'min_tokens', /at most 5 \(max_output_tokens\), received 9$/],
  [{ n: 2 }, 'n', /unknown field n/],
  [{ messages: [] }, 'messages', /unknown field messages/],
  [{ response_format: {} }, 'response_format', /unknown field response_format/],
  [{ temperature: 2.1 }, 'temperature', /from 0 to 2/],
  [{ logit_bias: { 1: 101 } }, 'logit_bias', /from -100 to 100$/],

  // The rest
  [{ stream_options: {} }, 'stream_options', /expected .*stream/],
  [
    { stream: true, stream_options: { include_usage: true } },
    'stream_options.include_usage',
    /unknown field/,
  ],
  [{ num_beams: 2, stream: true }, 'stream', /expected false with num_beams above 1$/],
  [{ metadata: [] }, 'metadata', /expected an object of texts$/],
  [{ metadata: { a: 1 } }, 'metadata', /expected texts of at most 512 characters$/],
  [{ metadata: { a: 'a'.repeat(513) } }, 'metadata', /at most 512 characters$/],
  [{ metadata: { ['a'.repeat(65)]: 'a' } }, 'metadata', /at most 64 characters$/],
  [{ metadata: { a: '\ud800' } }, 'metadata', /expected texts/],
  [
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'a'])) },
    'metadata',
    /at most 16 texts$/,
  ],
  [{ model: 5 }, 'model', /expected text/],
  [{ instruction: 'A' }, 'instruction', /did you mean instructions\?$/],
];

describe('a response is refused', () => {
  for (const [body, param, message] of REFUSED) {
    test(`${JSON.stringify(body).slice(0, 120)}: ${param}`, async () => {
      const refusal = await server.refusal({ ...INPUT, ...body });
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
    const { status, code, param } = await server.refusal({ ...INPUT, model: 'none' });
    assert.deepEqual([status, code, param], [404, 'model_not_found', 'model']);
  });

  test('for what is no JSON object', async () => {
    for (const body of ['', '{', '[]', 'null', '"a"', '{"input":'])
      assert.equal((await server.refusal(body)).status, 400);
  });

  test('if it does not fit, with the counts', async () => {
    const long = await server.refusal({ input: Array(300).fill('word').join(' ') });
    assert.deepEqual([long.status, long.param, long.code], [400, 'input', 'context_length_exceeded']);
    assert.match(long.message, /^input: .*maximum context length is 256 tokens, but .* take 302 tokens/);
    const asked = await server.refusal({ ...INPUT, max_output_tokens: 255 });
    assert.deepEqual([asked.param, asked.code], ['input', 'context_length_exceeded']);
    assert.match(asked.message, /take 3 and max_output_tokens asks for 255 more, of which 254 fit/);
  });

  test('if the model has no template, in the words of this route', async () => {
    const { status, param, message } = await responsesServer({ info: { chatTemplate: null } }).refusal(INPUT);
    assert.deepEqual([status, param], [400, 'model']);
    assert.match(message, /^model: \S+ has no chat template/);
  });
});

const MILLION = 1_000_000;
const many = (item: unknown, count = MILLION): unknown[] => Array<unknown>(count).fill(item);
const keys: JsonObject = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 0]));
const user = { role: 'user', content: 'A' };

/** Bodies beside the input, and the message that they are refused with. */
const HUGE: readonly (readonly [what: string, body: () => JsonObject, message: RegExp])[] = [
  ['items', () => ({ input: many(user) }), /^input: expected at most 4096 items$/],
  ['wrong items', () => ({ input: many(0, 4096) }), /^input\[0\]: expected an object$/],
  ['calls', () => ({ input: many(call, 4096) }), /^input\[1\]\.call_id: /],
  ['fields', () => keys, /^unknown field k0/],
  ['fields of an item', () => ({ input: [{ ...user, ...keys }] }), /^input\[0\]\.k0: unknown field/],
  [
    'parts',
    () => ({ input: [{ ...user, content: many({ type: 'input_text', text: 'A' }) }] }),
    /^input\[0\]\.content: expected at most 4096 parts$/,
  ],
  ['tools', () => ({ tools: many({}) }), /^tools: expected at most 128 tools$/],
  [
    'fields of a tool',
    () => ({ tools: [{ type: 'function', name: 'f', ...keys }] }),
    /^tools\[0\]\.k0: unknown field/,
  ],
  ['fields of a choice', () => ({ tool_choice: keys }), /^tool_choice\.type: expected "function"$/],
  ['fields of text', () => ({ text: keys }), /^text\.k0: unknown field/],
  ['fields of a format', () => ({ text: { format: { type: 'text', ...keys } } }), /^text\.format\.k0: /],
  ['fields of options', () => ({ stream: true, stream_options: keys }), /^stream_options\.k0: unknown field/],
  ['additions', () => ({ include: many('x') }), /^include: expected at most \d+ additions$/],
  ['notes', () => ({ metadata: keys }), /^metadata: expected at most 16 texts$/],
  ['values of what must be neutral', () => ({ context_management: many('x') }), /^context_management: /],
  [
    'characters of a type',
    () => ({ input: [{ type: 'a'.repeat(8 * MILLION) }] }),
    /^input\[0\]\.type: expected message/,
  ],
  [
    'levels of arguments',
    () => ({ input: [{ ...call, arguments: '['.repeat(MILLION) }] }),
    /^input\[0\]\.arguments: expected at most 262144 characters$/,
  ],
];

describe('far too many of', () => {
  for (const [what, body, message] of HUGE) {
    test(`${what} are refused at the first fault, in few words`, () => {
      const given = { ...INPUT, ...body() };
      assert.throws(
        () => parseResponse(given),
        (error: Error) => {
          assert.match(error.message, message);
          assert.ok(error.message.length < 300);
          return true;
        },
      );
    });
  }

  test('items are 4,097; 4,096 of them, calls among them, are read', () => {
    const turns = Array.from({ length: 2047 }, (_, index) => [
      { ...call, call_id: `c${index}` },
      { ...output, call_id: `c${index}` },
    ]).flat();
    const { chat } = parseResponse({ input: [user, ...turns, user] });
    assert.equal(chat.messages.length, 4096);
  });
});
