import { GlossaError } from '../errors.js';
import { isJsonObject, type JsonObject } from '../server/json-body.js';
import type { ChatMessage, ChatTool, ChatToolCall } from './chat.js';
import type { TemplateTraits } from './template-traits.js';

/** What a message is for a template, and whether its texts come from the model itself. */
export interface TemplateMessage {
  readonly message: JsonObject;
  readonly isReply: boolean;
}

/**
 * Messages as templates know them: Hugging Face's, with arguments of calls as objects.
 *
 * @param idOf what a call's id becomes in the template's format
 * @throws GlossaError INVALID_REQUEST for arguments that are no JSON object
 */
export function templateMessages(
  messages: readonly ChatMessage[],
  { traits, idOf }: { traits: TemplateTraits; idOf: (id: string) => string },
): readonly TemplateMessage[] {
  const names = new Map<string, string>();
  return messages.map((message, index) => {
    const { role, content, name, toolCalls = [], toolCallId } = message;
    for (const call of toolCalls) names.set(call.id, call.name);
    const calledName = toolCallId === undefined ? undefined : names.get(toolCallId);
    const sender = name ?? calledName;
    return {
      isReply: role === 'assistant',
      message: {
        role: role === 'developer' && !traits.knowsDeveloper ? 'system' : role,
        content: content ?? (traits.wantsNoneContent ? null : ''),
        ...(sender !== undefined && { name: sender }),
        ...(toolCalls.length > 0 && {
          tool_calls: toolCalls.map((call, number) =>
            templateCall(call, { traits, idOf, place: `messages[${index}].tool_calls[${number}]` }),
          ),
        }),
        ...(toolCallId !== undefined && { tool_call_id: idOf(toolCallId) }),
      },
    };
  });
}

function templateCall(
  { id, name, arguments: text }: ChatToolCall,
  { traits, idOf, place }: { traits: TemplateTraits; idOf: (id: string) => string; place: string },
): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text === '' ? '{}' : text);
  } catch {
    parsed = undefined;
  }
  if (!isJsonObject(parsed)) {
    throw new GlossaError(
      'INVALID_REQUEST',
      `${place}.function.arguments: expected the JSON text of an object, received another text`,
      { param: `${place}.function.arguments` },
    );
  }
  const given = traits.wantsArgumentText() ? text : parsed;
  return { id: idOf(id), type: 'function', function: { name, arguments: given } };
}

/** Tools as templates know them: OpenAI's shape. */
export function templateTools(tools: readonly ChatTool[]): readonly JsonObject[] {
  return tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name, ...(description !== undefined && { description }), parameters },
  }));
}
