import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { sampleOf, withoutEach, withWrongEnums, withWrongTypes } from './samples.js';
import { echoedCompletionValidator, openAiValidator, specification } from './validate.js';

const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
const logprob = { token: 'a', logprob: -1.5, bytes: [97], top_logprobs: [] };
const response = {
  id: 'resp_1',
  object: 'response',
  access_programs: null,
  created_at: 1,
  status: 'completed',
  error: null,
  incomplete_details: null,
  instructions: null,
  model: 'tales',
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Once', annotations: [], logprobs: [] }],
    },
    { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{}' },
  ],
  parallel_tool_calls: true,
  metadata: {},
  tool_choice: 'auto',
  tools: [{ type: 'function', name: 'look', parameters: {}, strict: true }],
  temperature: 1,
  top_p: 1,
};

/** Values that clients of OpenAI are used to. */
const answers: readonly (readonly [schema: string, value: Record<string, unknown>])[] = [
  [
    'CreateCompletionResponse',
    {
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'tales',
      choices: [{ index: 0, text: 'x', logprobs: null, finish_reason: 'stop' }],
      usage,
    },
  ],
  [
    'CreateChatCompletionResponse',
    {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'tales',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'a', refusal: null, annotations: [] },
          logprobs: { content: [logprob], refusal: null },
          finish_reason: 'stop',
        },
      ],
      usage,
    },
  ],
  [
    'CreateChatCompletionStreamResponse',
    {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'tales',
      choices: [{ index: 0, delta: { content: 'a' }, logprobs: null, finish_reason: null }],
      usage: null,
    },
  ],
  [
    'CreateEmbeddingResponse',
    {
      object: 'list',
      model: 'tales',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5] },
        { object: 'embedding', index: 1, embedding: 'AAAAPw==' },
      ],
      usage: { prompt_tokens: 1, total_tokens: 1 },
    },
  ],
  [
    'ListModelsResponse',
    { object: 'list', data: [{ id: 'a', object: 'model', created: 1, owned_by: 'us' }] },
  ],
  ['ErrorResponse', { error: { type: 'invalid_request_error', message: 'no', param: null, code: null } }],
  ['Response', response],
  ['ResponseStreamEvent', { type: 'response.created', sequence_number: 0, response }],
  [
    'ResponseStreamEvent',
    {
      type: 'response.output_text.delta',
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta: 'a',
      sequence_number: 4,
      logprobs: [],
    },
  ],
];

describe("OpenAI's published schemas", () => {
  for (const [schema, value] of answers)
    it(`${schema} accepts a usual answer and wants its keys: ${JSON.stringify(value).slice(0, 40)}`, () => {
      const validate = openAiValidator(schema);
      validate(value);
      for (const key of Object.keys(value).filter((name) => !['usage', 'status'].includes(name)))
        assert.throws(() => {
          const { [key]: _removed, ...rest } = value;
          validate(rest);
        }, `${schema} without ${key}`);
    });

  for (const name of Object.keys(specification.components.schemas))
    it(`${name} tells right values from wrong ones`, () => {
      const validate = openAiValidator(name);
      const sample = sampleOf(name);
      validate(sample);
      const wrong = [
        ...withoutEach(name, sample),
        ...withWrongTypes(name, sample),
        ...withWrongEnums(name, sample),
      ];
      assert.ok(wrong.length > 0);
      for (const { value, fault } of wrong)
        assert.throws(() => {
          validate(value);
        }, fault);
    });

  it('says what is wrong and where', () => {
    assert.throws(() => {
      openAiValidator('ErrorResponse')({ error: { type: 'x', message: 1, param: null } });
    }, /\/error must have required property 'code'[^]*\/error\/message must be string/);
    assert.throws(() => {
      openAiValidator('ResponseStreamEvent')({ type: 'response.sung' });
    }, /no event of OpenAI's has the type response\.sung/);
    assert.throws(() => openAiValidator('Nothing'), /no schema Nothing/);
  });

  it('allows null for the first of echoed tokens only where it is asked for', () => {
    const completion = (tokenLogprobs: (number | null)[]): unknown => ({
      ...answers[0]?.[1],
      choices: [{ index: 0, text: 'x', finish_reason: 'stop', logprobs: { token_logprobs: tokenLogprobs } }],
    });
    echoedCompletionValidator()(completion([null, -1]));
    assert.throws(() => {
      echoedCompletionValidator()(completion([-1, null]));
    });
    assert.throws(() => {
      openAiValidator('CreateCompletionResponse')(completion([null, -1]));
    });
  });
});
