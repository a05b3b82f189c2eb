import { GlossaError } from '../errors.js';
import type { JsonObject } from '../server/json-body.js';
import type { ChatRequest, ChatTool } from './chat.js';
import { ClientTexts, textsIn } from './client-texts.js';
import { templateFault, type ModelTemplate } from './model-template.js';
import { withoutMarks, type PlainRendering } from './prompt-tokens.js';
import { templateMessages, templateTools } from './template-messages.js';
import { traitsOf } from './template-traits.js';
import { TemplateError } from './template/compile.js';
import { isGlobal } from './template/globals.js';
import { TemplateRefusal } from './template/limits.js';

/** Variables of the server's own. */
const RESERVED = ['messages', 'tools', 'bos_token', 'eos_token'];

/** What of a request a template gets. */
export interface RenderRequest extends Pick<ChatRequest, 'messages' | 'templateArguments'> {
  /** Those that the template is told of. */
  readonly tools: readonly ChatTool[];
  /** What a call's id becomes in the model's format. */
  readonly idOf: (id: string) => string;
}

/**
 * A conversation as the model's template writes it.
 *
 * @throws GlossaError INVALID_REQUEST with what the template refuses, or why it fails
 */
export function renderChat(model: ModelTemplate, request: RenderRequest): PlainRendering {
  const { template, control, markers, userDefined, bosToken, eosToken } = model;
  const { templateArguments = {} } = request;
  checkArguments(templateArguments);
  const messages = templateMessages(request.messages, { traits: traitsOf(template), idOf: request.idOf });
  const tools = templateTools(request.tools);
  const clientTexts = new ClientTexts(allTexts());
  const { mark } = clientTexts;
  // A reply may quote the model's own markers, which templates look for; control tokens are in no reply's text.
  const variables = {
    documents: null,
    add_generation_prompt: true,
    ...(clientTexts.broken(templateArguments, markers) as JsonObject),
    messages: messages.map(({ message, isReply }) =>
      clientTexts.broken(message, isReply ? control : markers),
    ),
    tools: tools.length === 0 ? null : clientTexts.broken(tools, markers),
    bos_token: bosToken,
    eos_token: eosToken,
  };
  return withoutMarks({ text: rendered(model, variables), mark, markers, userDefined });

  function* allTexts(): Generator<string, undefined> {
    yield template.text;
    yield* textsIn(
      messages.map(({ message }) => message),
      'messages',
    );
    yield* textsIn(tools, 'tools');
    yield* textsIn(templateArguments, 'chat_template_kwargs');
    return undefined;
  }
}

function checkArguments(given: JsonObject): void {
  const reserved = Object.keys(given).find((name) => RESERVED.includes(name) || isGlobal(name));
  if (reserved === undefined) return;
  const param = `chat_template_kwargs.${reserved}`;
  throw new GlossaError('INVALID_REQUEST', `${param}: has a meaning of its own in every template`, { param });
}

function rendered({ template, modelId }: ModelTemplate, variables: JsonObject): string {
  try {
    return template.render(variables);
  } catch (cause) {
    if (cause instanceof TemplateRefusal) {
      throw new GlossaError('INVALID_REQUEST', `messages: ${cause.message.slice(0, 1000)}`, {
        param: 'messages',
        cause,
      });
    }
    if (cause instanceof TemplateError) throw templateFault(modelId, cause);
    throw cause;
  }
}
