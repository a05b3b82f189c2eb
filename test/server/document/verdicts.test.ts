import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Ajv2020 } from 'ajv/dist/2020.js';

import { DOCUMENTED_EXAMPLES } from '../../e2e/alpaca-examples.js';
import { DOCUMENTED_BODY } from '../../dialects/sagemaker/document.js';
import { describedPorts } from './served.js';

/** Bodies by the port and the route they go to. What the server makes of each decides; the document has to agree. */
const BODIES: readonly (readonly [port: string, path: string, bodies: readonly unknown[]])[] = [
  [
    'the common port',
    '/autocomplete',
    [
      { context: 'My name is' },
      { context: 'A', length: 20, n_samples: '2', max_time: 0.5, temperature: 0.5, top_p: 0.9, top_k: 10 },
      { context: 'A', gen_length: 5, samples: 1, model_size: null, unheard: 1 },
      { context: 'A', length: null, n_samples: 1e9 },
      { context: '' },
      {},
      { context: null },
      { context: 1 },
      { context: 'A', length: 'many' },
      { context: 'A', samples: [] },
      { context: 'A', temperature: true },
      { context: 'A', model_size: 1 },
    ],
  ],
  [
    'the common port',
    '/inference/pretrained/gpt2/async/start',
    [
      { string: 'Once', length: 5, temperature: 0.8, windowMax: 100, apiKey: 'x' },
      { in_string: 'Once', window_max: '7', api_key: 'x', machineID: 'm' },
      { string: 'Once', length: null },
      { length: 5 },
      { string: 5 },
      { string: 'Once', length: 1.5 },
      { string: 'Once', length: 100_001 },
      { string: 'Once', temperature: 0.01 },
      { in_string: 'Once', window_max: 'wide' },
      { string: 'Once', modelSize: 1 },
    ],
  ],
  [
    'the common port',
    '/inference/start',
    [
      { modelKey: 'gpt2', modelParameters: { string: 'Once', length: 3 } },
      { modelKey: 'gpt2', modelParameters: { in_string: 'Once' }, apiKey: 'x' },
      { modelKey: 'gpt2', modelParameters: {} },
      { modelKey: 'gpt2', modelParameters: [] },
      { modelKey: 'gpt2', modelParameters: { string: 'Once', strength: 3 } },
      { modelKey: 'gpt2', modelParameters: { string: 'Once', seed: -1 } },
      { modelKey: 1, modelParameters: { string: 'Once' } },
      { modelParameters: { string: 'Once' } },
    ],
  ],
  [
    'the common port',
    '/api/task/start/v1',
    [
      { id: '1', created: 1, data: { apiKey: 'x', modelKey: 'gpt2', modelParameters: { string: 'Once' } } },
      { data: { modelKey: 'gpt2', modelParameters: { string: 1 } } },
      { data: 'x' },
      { modelKey: 'gpt2', modelParameters: { string: 'Once' } },
    ],
  ],
  [
    'the common port',
    '/api/generate-batch',
    // Other ids each time: the same ones would be continued.
    [
      { prompts: [{ request_id: '1', prompt: 'The dog' }], only_new_tokens: true },
      { prompts: [{ request_id: '2' }, { request_id: '3', prompt: 'A', more: 1 }], stream_response: 'no' },
      { prompts: [{ request_id: '4' }], generation_config: { num_beams: 2, do_sample: true, seed: 1 } },
      { prompts: [{ request_id: '5' }], generation_config: null },
      { prompts: [{ request_id: '1' }], generation_config: { temperature: 'hot' } },
      { prompts: [{ request_id: '1' }], generation_config: { top_p: 1.1 } },
      { prompts: [{ request_id: '1' }], generation_config: [] },
      { prompts: [{ request_id: 1 }] },
      { prompts: [{ request_id: '' }] },
      { prompts: [{ request_id: '1', prompt: '' }] },
      { prompts: [] },
      { prompts: 'The dog' },
      {},
    ],
  ],
  [
    'the common port',
    '/api/generate-one',
    [
      { request_id: 'a', prompt: 'The dog', generation_config: { max_new_tokens: 4 } },
      { prompt: 'The dog' },
      { request_id: 'a', prompt: null },
      { request_id: 'a', generation_config: { max_new_tokens: 0 } },
    ],
  ],
  [
    "alpaca's own port",
    '/v1/completions',
    [
      ...examplesOf('/v1/completions'),
      { prompt: 'A', stop: ['x'], n: 1, stream: false, seed: '7', logprobs: null, user: 'me' },
      { prompt: 'A', max_tokens: null, stop: 'x' },
      { prompt: 'A', n: 2 },
      { prompt: 'A', stream: true },
      { prompt: 'A', logprobs: 1 },
      { prompt: 'A', temperature: 2.5 },
      { prompt: 'A', top_k: 1.5 },
      { prompt: 'A', stop: [''] },
      { prompt: 'A', stop: Array(17).fill('x') },
      { prompt: ['A'] },
      {},
    ],
  ],
  [
    "alpaca's own port",
    '/v1/chat/completions',
    [
      ...examplesOf('/v1/chat/completions'),
      { messages: 'Hello' },
      { messages: [{ role: 'user', message: 'Hello', name: 'me' }] },
      { messages: [] },
      { messages: [{ role: 'judge', message: 'Hello' }] },
      { messages: [{ role: 'user', content: 'Hello' }] },
      { messages: { role: 'user' } },
    ],
  ],
  [
    "alpaca's own port",
    '/v1/embeddings',
    [
      ...examplesOf('/v1/embeddings'),
      { input: ['a', 'b'], encoding_format: 'float', model: null },
      { input: '' },
      { input: [1] },
      { input: 'a', encoding_format: 'base64' },
      { input: 'a', dimensions: 8 },
    ],
  ],
  [
    'the common port',
    '/invocations',
    [
      DOCUMENTED_BODY,
      { input: 'A' },
      { input: 'A', mode: null, seed: null, temperature: 0 },
      { input: 'A', length: 5, p: 0.5, k: 3, stop_token: '.', test: true },
      { input: 'A', mode: 'beam', num_beams: 4 },
      { input: 'A', mode: 'greedy', temperature: -5 },
      { input: 'A', mode: 'sample', temperature: 0 },
      { input: 'A', mode: 'loud' },
      { input: 'A', mode: 'sample', length: 5 },
      { input: 'A', stop_token: '' },
      { input: 'A', top_p: 'x' },
      { input: 'A', max_length: 0 },
      { input: 'A', volume: 11 },
      { input: 1 },
      { mode: 'greedy' },
    ],
  ],
  [
    'the common port',
    '/v1/completions',
    [
      { prompt: 'A', max_tokens: 3, temperature: 0.5, n: 2, stop: ['.'], logprobs: 2, user: 'me' },
      { prompt: ['A', 'B'], best_of: 3, seed: -1, logit_bias: { 5: -100 }, top_k: -1 },
      { prompt: [1, 2, 3], echo: true, max_tokens: 0, logprobs: 0 },
      { prompt: [[1], [2, 3]], stream: true, stream_options: { include_usage: true } },
      { model: null, top_p: null },
      { prompt: 1 },
      { prompt: [[]] },
      { prompt: ['A', 1] },
      { prompt: 'A', logprobs: 6 },
      { prompt: 'A', max_tokens: 1.5 },
      { prompt: 'A', logit_bias: { five: 1 } },
      { prompt: 'A', stop: Array(17).fill('.') },
      { prompt: 'A', stream: true, stream_options: { include_obfuscation: true } },
      { prompt: 'A', temperatur: 1 },
    ],
  ],
  [
    'the common port',
    '/v1/embeddings',
    [
      { input: 'A', encoding_format: 'base64' },
      { input: ['A', 'B'], dimensions: 2 },
      { input: [[1], [2]] },
      { input: '' },
      { input: [] },
      { input: 'A', encoding_format: 'int8' },
      { input: 'A', dimensions: 0 },
      {},
    ],
  ],
  [
    'the common port',
    '/v1/responses',
    [
      { input: 'A', instructions: 'B', max_output_tokens: 3, temperature: 0.5, user: 'me', store: false },
      { input: [{ role: 'user', content: [{ type: 'input_text', text: 'A' }] }], stream: true },
      { input: 'A', text: { format: { type: 'json_schema', name: 'a', schema: {} }, verbosity: null } },
      { input: 'A', include: ['message.output_text.logprobs'], top_logprobs: 2, metadata: { a: 'b' } },
      { input: 'A', tools: [{ type: 'function', name: 'f' }], tool_choice: { type: 'function', name: 'f' } },
      {
        input: [
          { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}', status: 'completed' },
          { type: 'function_call_output', call_id: 'a', output: 'B' },
        ],
      },
      {},
      { input: 1 },
      { input: [] },
      { input: [{ role: 'tool', content: 'A' }] },
      { input: [{ type: 'reasoning', summary: [] }] },
      { input: 'A', store: true },
      { input: 'A', previous_response_id: 'resp_1' },
      { input: 'A', tools: [{ type: 'web_search' }] },
      { input: 'A', text: { verbosity: 'low' } },
      { input: 'A', include: ['logprobs'] },
      { input: 'A', metadata: { a: 1 } },
      { input: 'A', stream: true, stream_options: { include_obfuscation: true } },
      { input: 'A', max_tokens: 3 },
    ],
  ],
  [
    'the common port',
    '/tokenize',
    [{ prompt: 'A' }, { content: 'A', add_special: false }, { prompt: 1 }, { prompt: 'A', more: 1 }],
  ],
  [
    'the common port',
    '/glossa/generate',
    [
      { prompt: 'A' },
      { prompt: [1, 2, 3], max_new_tokens: 4, do_sample: true, top_k: 5, seed: 7, logprobs: 2 },
      { prompt: 'A', early_stopping: 'never', num_beams: 2 },
      { prompt: 'A', sequence_bias: [[[1, 2], -3.5]], bad_words_ids: [[4]], eos_token_id: 3 },
      { prompt: 'A', exponential_decay_length_penalty: [2, 1.5], stop_strings: ['.'], stream: false },
      { prompt: 'A', grammar: 'root ::= "a"' },
      {},
      { prompt: null },
      { prompt: [1.5] },
      { prompt: 'A', max_new_tokens: 1.5 },
      { prompt: 'A', max_new_tokens: -1 },
      { prompt: 'A', temperature: 0, do_sample: true },
      { prompt: 'A', top_p: '1' },
      { prompt: 'A', early_stopping: 'soon' },
      { prompt: 'A', sequence_bias: [[[], 1]] },
      { prompt: 'A', exponential_decay_length_penalty: [2, 0] },
      { prompt: 'A', stop_strings: [''] },
      { prompt: 'A', epsilon_cutoff: 1 },
      { prompt: 'A', maxNewTokens: 4 },
      { prompt: 'A', stream: 'yes' },
    ],
  ],
];

function examplesOf(route: string): unknown[] {
  return DOCUMENTED_EXAMPLES.filter(([path]) => path === route).map(
    ([, data]) => JSON.parse(data) as unknown,
  );
}

const ports = new Map((await describedPorts()).map((port) => [port.title, port]));

for (const [title, path, bodies] of BODIES) {
  const port = ports.get(title);
  assert.ok(port !== undefined, title);
  describe(`${path} at ${title}`, () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(port.document, 'document');
    const place = `/paths/${encodeURIComponent(path.replaceAll('/', '~1'))}/post/requestBody/content/application~1json`;
    const validate = ajv.getSchema(`document#${place}/schema`);
    assert.ok(validate !== undefined, place);

    for (const body of bodies) {
      const text = JSON.stringify(body);
      test(`its document and the server agree on ${text.slice(0, 90)}`, async () => {
        const response = await port.app.request(path, { method: 'POST', body: text });
        const answer = await response.text();
        assert.ok(response.status < 500, answer);
        assert.equal(validate(body), response.status < 400, `${answer} ${ajv.errorsText(validate.errors)}`);
      });
    }

    test('bodies of both kinds were tried', () => {
      assert.deepEqual(new Set(bodies.map((body) => validate(body))), new Set([true, false]));
    });
  });
}
