import type { ReplyPart } from '../../../chat/chat.js';
import { newItemId } from '../identity.js';
import type { ReplyStep } from '../conversation/reply.js';
import type { ToldLogprob } from '../conversation/token-logprobs.js';
import {
  outputLogprobs,
  type FunctionCall,
  type OutputItem,
  type OutputLogprob,
  type OutputMessage,
  type OutputText,
} from './output.js';

/** An event of a stream without its number. */
export type OutputEvent = Readonly<Record<string, unknown>> & { readonly type: string };

type End = 'completed' | 'incomplete';

/** An item that is being written. */
interface OpenItem {
  readonly item: OutputItem;
  readonly index: number;
  text: string;
  readonly logprobs: OutputLogprob[];
}

/**
 * Turns a reply's parts into the items of a response, and tells each step of it in events: text becomes a message, a
 * call an item of its own, in the order in which the model wrote them.
 */
export class OutputWriter {
  /** Items that are complete. */
  readonly output: OutputItem[] = [];
  #open: OpenItem | undefined;

  /** What a step of the reply adds. */
  *add({ parts, logprobs }: ReplyStep): Generator<OutputEvent, void> {
    let waiting = logprobs;
    for (const part of parts) {
      if (part.type === 'content') {
        yield* this.#addText(part.text, waiting);
        waiting = [];
      } else yield* this.#addToCalls(part);
    }
  }

  /** The reply's end; one that said nothing is an empty message. */
  *end(status: End): Generator<OutputEvent, void> {
    if (this.#open === undefined && this.output.length === 0) yield* this.#begin(newMessage());
    yield* this.#close(status);
  }

  /** Items, those included that are not complete. */
  get written(): readonly OutputItem[] {
    return this.#open === undefined ? this.output : [...this.output, closed(this.#open, 'incomplete')];
  }

  *#addText(text: string, told: readonly ToldLogprob[]): Generator<OutputEvent, void> {
    if (this.#open?.item.type !== 'message') yield* this.#begin(newMessage());
    const open = this.#open;
    if (open === undefined) return;
    const logprobs = outputLogprobs(told);
    open.text += text;
    for (const logprob of logprobs) open.logprobs.push(logprob);
    yield { type: 'response.output_text.delta', ...textPlace(open), delta: text, logprobs };
  }

  *#addToCalls(part: Exclude<ReplyPart, { type: 'content' }>): Generator<OutputEvent, void> {
    if (part.type === 'toolCall') {
      yield* this.#begin(newCall(part.id, part.name));
      return;
    }
    const open = this.#open;
    if (open === undefined) return;
    open.text += part.text;
    yield { type: 'response.function_call_arguments.delta', ...place(open), delta: part.text };
  }

  *#begin(item: OutputItem): Generator<OutputEvent, void> {
    yield* this.#close('completed');
    const open: OpenItem = { item, index: this.output.length, text: '', logprobs: [] };
    this.#open = open;
    yield { type: 'response.output_item.added', output_index: open.index, item };
    if (item.type === 'message')
      yield { type: 'response.content_part.added', ...textPlace(open), part: textOf(open) };
  }

  *#close(status: End): Generator<OutputEvent, void> {
    const open = this.#open;
    if (open === undefined) return;
    const { text, logprobs, index } = open;
    if (open.item.type === 'message') {
      yield { type: 'response.output_text.done', ...textPlace(open), text, logprobs };
      yield { type: 'response.content_part.done', ...textPlace(open), part: textOf(open) };
    } else {
      const { name } = open.item;
      yield { type: 'response.function_call_arguments.done', ...place(open), name, arguments: text };
    }
    const item = closed(open, status);
    this.#open = undefined;
    this.output.push(item);
    yield { type: 'response.output_item.done', output_index: index, item };
  }
}

function newMessage(): OutputMessage {
  return { id: newItemId('msg'), type: 'message', status: 'in_progress', role: 'assistant', content: [] };
}

function newCall(callId: string, name: string): FunctionCall {
  const status = 'in_progress';
  return { id: newItemId('fc'), type: 'function_call', status, call_id: callId, name, arguments: '' };
}

function place({ item, index }: OpenItem): { item_id: string; output_index: number } {
  return { item_id: item.id, output_index: index };
}

function textPlace(open: OpenItem): ReturnType<typeof place> & { content_index: number } {
  return { ...place(open), content_index: 0 };
}

function textOf({ text, logprobs }: OpenItem): OutputText {
  return { type: 'output_text', text, annotations: [], logprobs };
}

function closed(open: OpenItem, status: End): OutputItem {
  const { item } = open;
  if (item.type === 'message') return { ...item, status, content: [textOf(open)] };
  return { ...item, status, arguments: open.text };
}
