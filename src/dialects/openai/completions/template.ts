import { ALPACA_TEMPLATE } from '../../../chat/alpaca-template.js';
import type { ChatRequest } from '../../../chat/chat.js';
import { prepareChat } from '../../../chat/prepare.js';
import { GlossaError } from '../../../errors.js';
import type { ModelLease } from '../../../models/registry.js';
import { eachOf, manyListening } from './prepare.js';
import type { CompletionBody } from './schema.js';

/** Prompts in the words of a template. */
export interface TemplatedPrompts {
  readonly prompts: readonly (readonly number[])[];
  /** Texts that end an answer, in such a template. */
  readonly stopStrings: readonly string[];
}

/**
 * Each prompt as the only message of a conversation that is to be answered: with the alpaca template, or the model's.
 *
 * @throws GlossaError INVALID_REQUEST for token ids, echo or a suffix, which have no place in a conversation, and for a
 *   model without a template; CONTEXT_OVERFLOW, CANCELLED, OVERLOADED
 */
export async function templatedPrompts(
  lease: ModelLease,
  body: CompletionBody,
  template: 'alpaca' | 'chat',
  given: AbortSignal,
): Promise<TemplatedPrompts> {
  const signal = manyListening(given);
  const speaker: ModelLease = template === 'chat' ? lease : { ...lease, chatTemplate: ALPACA_TEMPLATE };
  if (body.echo === true) throw refusal('prompt_template: expected none with echo');
  if ((body.suffix ?? '') !== '') throw refusal('prompt_template: expected none with a suffix');
  const prepared = await eachOf(body.prompt, async (prompt) => {
    if (typeof prompt !== 'string') throw refusal('prompt_template: expected none with token ids');
    const chat: ChatRequest = {
      messages: [{ role: 'user', content: prompt }],
      ...{ tools: [], toolChoice: 'none', parallelToolCalls: true, format: { type: 'text' } },
    };
    return await prepareChat(speaker, chat, { signal }).catch((error: unknown) => {
      throw ofPrompt(GlossaError.from(error));
    });
  });
  return {
    prompts: prepared.map(({ prompt }) => prompt),
    stopStrings: prepared[0]?.stopStrings ?? [],
  };
}

/** An error about a conversation, in the names of this route. */
function ofPrompt(error: GlossaError): GlossaError {
  if (error.param?.startsWith('messages') !== true) return error;
  const param = error.code === 'CONTEXT_OVERFLOW' ? 'prompt' : 'prompt_template';
  const message = error.message.replace(/^messages[^:]*: /, `${param}: `);
  return new GlossaError(error.code, message, { cause: error.cause, param });
}

function refusal(message: string): GlossaError {
  return new GlossaError('INVALID_REQUEST', message, { param: 'prompt_template' });
}
