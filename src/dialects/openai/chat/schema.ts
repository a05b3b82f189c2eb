import { z } from 'zod';

import type { ChatRequest, ReplyFormat, ToolChoice } from '../../../chat/chat.js';
import { GlossaError } from '../../../errors.js';
import { grammar, text } from '../../../generation/request-compounds.js';
import { flag, integer, LARGEST_INT32 } from '../../../generation/request-values.js';
import type { JsonObject } from '../../../server/json-body.js';
import { parseBody } from '../body.js';
import type { ConversationCall } from '../conversation/generation.js';
import { fieldsInVain } from '../conversation/in-vain.js';
import { templateArguments } from '../conversation/template-arguments.js';
import { decodingFields } from '../decoding.js';
import { checkStreamOptions, streamOptions } from '../stream-options.js';
import { optional } from '../values.js';
import { messages } from './messages.js';
import { neutralFields } from './neutral-fields.js';
import { responseFormat } from './response-format.js';
import { toolChoice, tools } from './tools.js';

/** A new schema each time: descriptions belong to one. */
const tokenCount = (): z.ZodType<number | undefined> => optional(integer({ least: 1, most: LARGEST_INT32 }));

/** Body of `POST /v1/chat/completions`. */
export const chatSchema = z.object({
  model: optional(text()).describe('Id or alias; absent: the default model.'),
  messages: messages().describe('The conversation that is answered.'),
  max_completion_tokens: tokenCount().describe(
    "New tokens of a choice at most. Absent: the configuration's, else what room the context has.",
  ),
  max_tokens: tokenCount().describe('max_completion_tokens by its older name.'),
  ...decodingFields,
  n: optional(integer({ least: 1, most: 128 })).describe('Choices; default 1.'),
  logprobs: optional(flag()).describe("Tells the model's own log-probability of every token; default false."),
  top_logprobs: optional(integer({ least: 0, most: 20 })).describe(
    'Likeliest tokens told of at each place; default 0.',
  ),
  response_format: responseFormat().describe("What the answer's text must be; default: anything."),
  grammar: optional(grammar()).describe('GBNF that the answer obeys.'),
  tools: tools().describe('Tools that the model may call.'),
  tool_choice: toolChoice().describe('Whether tools are called; default auto, if there are any.'),
  parallel_tool_calls: optional(flag()).describe('Whether one answer may call several tools; default true.'),
  chat_template_kwargs: optional(templateArguments()).describe("More variables for the model's template."),
  stream: optional(flag()).describe('Whether the answer comes in chunks; default false.'),
  stream_options: optional(streamOptions).describe('What a stream tells besides its text.'),
  ...neutralFields,
});

/** A body after its check. */
export type ChatBody = z.output<typeof chatSchema>;

/** A checked request. */
export interface ChatCall extends ConversationCall {
  readonly body: ChatBody;
}

/**
 * Checks a body.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field that is wrong
 */
export function parseChat(given: JsonObject): ChatCall {
  const { body, ignored } = parseBody(chatSchema, given);
  refuseContradictions(body);
  const chat: ChatRequest = {
    messages: body.messages,
    tools: body.tools,
    toolChoice: choiceOf(body),
    parallelToolCalls: body.parallel_tool_calls ?? true,
    format: formatOf(body),
    ...(body.chat_template_kwargs !== undefined && { templateArguments: body.chat_template_kwargs }),
  };
  return {
    body,
    chat,
    choices: body.n ?? 1,
    topLogprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : undefined,
    source: 'messages',
    maxNewTokens: body.max_completion_tokens ?? body.max_tokens,
    lengthField: body.max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens',
    ignored: [...ignored, ...fieldsInVain(chat, { ...body, formatField: 'response_format' })],
  };
}

/** Fields that are right each by itself, and not together. */
function refuseContradictions(body: ChatBody): void {
  const { max_tokens: most, max_completion_tokens: mostByNewName } = body;
  if (most !== undefined && mostByNewName !== undefined && most !== mostByNewName)
    throw refusal('max_tokens', `expected ${mostByNewName} as max_completion_tokens, or nothing`);
  if ((body.top_logprobs ?? 0) > 0 && body.logprobs !== true)
    throw refusal('top_logprobs', 'expected logprobs to be true beside it');
  checkStreamOptions(body);
  const isFree = (body.response_format?.type ?? 'text') === 'text';
  if (body.grammar === undefined) return;
  if (!isFree) throw refusal('grammar', 'expected none beside response_format, which has one of its own');
  if (body.tools.length > 0) throw refusal('grammar', 'expected none beside tools, whose calls have one');
}

function choiceOf({ tools: offered, tool_choice: choice }: ChatBody): ToolChoice {
  if (choice === undefined) return offered.length > 0 ? 'auto' : 'none';
  if (typeof choice === 'string') {
    if (choice !== 'none' && offered.length === 0)
      throw refusal('tool_choice', `expected tools beside "${choice}", or "none"`);
    return choice;
  }
  if (offered.length === 0) throw refusal('tool_choice', 'expected tools beside the name of one, or "none"');
  if (offered.some(({ name }) => name === choice.name)) return choice;
  throw refusal('tool_choice.function.name', 'expected the name of one of the tools');
}

function formatOf({ grammar: rules, response_format: format }: ChatBody): ReplyFormat {
  if (rules !== undefined) return { type: 'grammar', grammar: rules };
  return format ?? { type: 'text' };
}

function refusal(param: string, reason: string): GlossaError {
  return new GlossaError('INVALID_REQUEST', `${param}: ${reason}`, { param });
}
