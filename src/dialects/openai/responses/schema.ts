import { z } from 'zod';

import type { ChatRequest, ReplyFormat, ToolChoice } from '../../../chat/chat.js';
import { GlossaError } from '../../../errors.js';
import { grammar, text } from '../../../generation/request-compounds.js';
import { flag, integer, LARGEST_INT32 } from '../../../generation/request-values.js';
import type { JsonObject } from '../../../server/json-body.js';
import { parseBody } from '../body.js';
import { closedObject } from '../closed-object.js';
import type { ConversationCall } from '../conversation/generation.js';
import { fieldsInVain } from '../conversation/in-vain.js';
import { neutralField } from '../conversation/neutral-field.js';
import { templateArguments } from '../conversation/template-arguments.js';
import { decodingFields } from '../decoding.js';
import { checkStreamOptions } from '../stream-options.js';
import { optional } from '../values.js';
import { include, LOGPROBS } from './include.js';
import { input } from './items.js';
import { messagesOf, type ReadInput } from './messages.js';
import { metadata } from './metadata.js';
import { neutralFields } from './neutral-fields.js';
import { ANY_TEXT, textSettings } from './text-settings.js';
import { toolChoice, tools } from './tools.js';

const streamOptions = closedObject({
  include_obfuscation: neutralField({ neutral: ['false'], reason: 'events are not padded' }),
});

/** Body of `POST /v1/responses`. */
export const responseSchema = z.object({
  model: optional(text()).describe('Id or alias; absent: the default model.'),
  input: input().describe("A user's message, or the items of the conversation."),
  instructions: optional(text()).describe('A system message before the input.'),
  text: optional(textSettings).describe("What the answer's text must be; default: anything."),
  max_output_tokens: optional(integer({ least: 1, most: LARGEST_INT32 })).describe(
    "New tokens at most. Absent: the configuration's, else what room the context has.",
  ),
  ...decodingFields,
  include: include().describe(`${LOGPROBS} tells the model's own log-probability of every token.`),
  top_logprobs: optional(integer({ least: 0, most: 20 })).describe(
    'Likeliest tokens told of at each place; default 0.',
  ),
  grammar: optional(grammar()).describe('GBNF that the answer obeys.'),
  tools: tools().describe('Functions that the model may call.'),
  tool_choice: toolChoice().describe('Whether tools are called; default auto.'),
  parallel_tool_calls: optional(flag()).describe('Whether one answer may call several tools; default true.'),
  chat_template_kwargs: optional(templateArguments()).describe("More variables for the model's template."),
  metadata: metadata().describe('Comes back with the answer.'),
  stream: optional(flag()).describe('Whether the answer comes in events; default false.'),
  stream_options: optional(streamOptions).describe('How it is streamed.'),
  ...neutralFields,
});

/** A body after its check. */
export type ResponseBody = z.output<typeof responseSchema>;

/** A checked request. */
export interface ResponseCall extends ConversationCall {
  readonly body: ResponseBody;
  /** For each message of the conversation the item that it began with. */
  readonly places: ReadInput['places'];
}

/**
 * Checks a body.
 *
 * @throws GlossaError INVALID_REQUEST, naming the field that is wrong
 */
export function parseResponse(given: JsonObject): ResponseCall {
  const { body, ignored } = parseBody(responseSchema, given);
  refuseContradictions(body);
  const { messages, places } = messagesOf(body.input, body.instructions);
  const chat: ChatRequest = {
    messages,
    tools: body.tools.map(({ tool }) => tool),
    toolChoice: choiceOf(body),
    parallelToolCalls: body.parallel_tool_calls ?? true,
    format: formatOf(body),
    ...(body.chat_template_kwargs !== undefined && { templateArguments: body.chat_template_kwargs }),
  };
  const inVain = fieldsInVain(chat, { ...body, formatField: 'text.format' });
  return {
    body,
    places,
    chat,
    choices: 1,
    topLogprobs: body.include.logprobs ? (body.top_logprobs ?? 0) : undefined,
    maxNewTokens: body.max_output_tokens,
    lengthField: 'max_output_tokens',
    source: 'input',
    ignored: [...ignored, ...inVain, ...(body.include.inVain ? ['include'] : [])],
  };
}

/** Fields that are right each by itself, and not together. */
function refuseContradictions(body: ResponseBody): void {
  if ((body.top_logprobs ?? 0) > 0 && !body.include.logprobs)
    throw refusal('top_logprobs', `expected include to have "${LOGPROBS}" beside it`);
  checkStreamOptions(body);
  if (body.grammar === undefined) return;
  if ((body.text?.format ?? ANY_TEXT).format.type !== 'text')
    throw refusal('grammar', 'expected none beside text.format, which has one of its own');
  if (body.tools.length > 0) throw refusal('grammar', 'expected none beside tools, whose calls have one');
}

function choiceOf({ tools: offered, tool_choice: choice }: ResponseBody): ToolChoice {
  if (choice === undefined) return offered.length > 0 ? 'auto' : 'none';
  if (typeof choice === 'string') {
    if (choice === 'required' && offered.length === 0)
      throw refusal('tool_choice', 'expected tools beside "required"');
    return choice;
  }
  if (offered.some(({ name }) => name === choice.name)) return choice;
  throw refusal('tool_choice.name', 'expected the name of one of the tools');
}

function formatOf({ grammar: rules, text: settings }: ResponseBody): ReplyFormat {
  if (rules !== undefined) return { type: 'grammar', grammar: rules };
  return (settings?.format ?? ANY_TEXT).format;
}

function refusal(param: string, reason: string): GlossaError {
  return new GlossaError('INVALID_REQUEST', `${param}: ${reason}`, { param });
}
