import type { ChatMessage, ChatToolCall } from '../../../chat/chat.js';
import { GlossaError } from '../../../errors.js';
import type { InputItem } from './items.js';

/** A conversation as models know it, and where in the input its parts came from. */
export interface ReadInput {
  readonly messages: readonly ChatMessage[];
  /** For each message the item that it began with; undefined for the instructions. */
  readonly places: readonly (number | undefined)[];
}

/**
 * Items as messages: calls that follow each other, and the assistant's message before them, are one. Every call has its
 * output before anything else is said, and outputs answer nothing else.
 *
 * @param instructions a system message before the others
 * @throws GlossaError INVALID_REQUEST, naming the item
 */
export function messagesOf(items: readonly InputItem[], instructions: string | undefined): ReadInput {
  const conversation = new Conversation();
  if (instructions !== undefined) conversation.add({ role: 'system', content: instructions }, undefined);
  for (const [index, item] of items.entries()) {
    if (item.type === 'function_call') conversation.call(item, index);
    else if (item.type === 'function_call_output') conversation.answer(item, index);
    else {
      conversation.refuseOpenCalls();
      conversation.add({ role: item.role, content: item.content }, index);
    }
  }
  conversation.refuseOpenCalls();
  return conversation;
}

class Conversation implements ReadInput {
  readonly messages: ChatMessage[] = [];
  readonly places: (number | undefined)[] = [];
  /** Calls without an output, and their items. */
  readonly #open = new Map<string, number>();
  /** The calls of the last message, if it can have more. */
  #calls: ChatToolCall[] | undefined;

  add(message: ChatMessage, place: number | undefined): void {
    this.#calls = undefined;
    this.messages.push(message);
    this.places.push(place);
  }

  call({ callId: id, name, arguments: text }: InputItem & { type: 'function_call' }, index: number): void {
    if (this.#open.has(id)) throw refusal(index, '.call_id', 'expected an id that no call before it has');
    if (this.#calls === undefined) {
      this.refuseOpenCalls();
      this.#beginCalls(index);
    }
    this.#open.set(id, index);
    this.#calls?.push({ id, name, arguments: text });
  }

  answer({ callId: id, output }: InputItem & { type: 'function_call_output' }, index: number): void {
    if (!this.#open.delete(id))
      throw refusal(
        index,
        '.call_id',
        'expected the call_id of a function_call before it that has no output yet',
      );
    this.add({ role: 'tool', content: output, toolCallId: id }, index);
  }

  refuseOpenCalls(): void {
    const [first] = this.#open.values();
    if (first === undefined) return;
    throw refusal(first, '', 'expected a function_call_output for this call before anything else is said');
  }

  #beginCalls(index: number): void {
    const toolCalls: ChatToolCall[] = [];
    const last = this.messages.at(-1);
    if (last?.role === 'assistant' && last.toolCalls === undefined)
      this.messages[this.messages.length - 1] = { ...last, toolCalls };
    else this.add({ role: 'assistant', content: null, toolCalls }, index);
    this.#calls = toolCalls;
  }
}

function refusal(index: number, field: string, message: string): GlossaError {
  const param = `input[${index}]${field}`;
  return new GlossaError('INVALID_REQUEST', `${param}: ${message}`, { param });
}
