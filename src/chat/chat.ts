/** Conversations as models know them, whatever API they came by. */
import type { JsonObject } from '../server/json-body.js';

/** A tool that the model called. */
export interface ChatToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text of an object. */
  readonly arguments: string;
}

/** One message of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  /** null only where an assistant called tools and said nothing. */
  readonly content: string | null;
  readonly name?: string;
  /** Of the assistant's. */
  readonly toolCalls?: readonly ChatToolCall[];
  /** Of a tool's: the call that it answers. */
  readonly toolCallId?: string;
}

/** A tool that the model may call. */
export interface ChatTool {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of its arguments: an object's. */
  readonly parameters: JsonObject;
}

/** Whether tools are called: never, as the model likes, one at least, or one of a name. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };

/** What a reply's text must be. */
export type ReplyFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: unknown }
  | { readonly type: 'grammar'; readonly grammar: string };

/** A conversation to be answered. */
export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
  readonly toolChoice: ToolChoice;
  /** Whether one reply may call several tools. */
  readonly parallelToolCalls: boolean;
  readonly format: ReplyFormat;
  /** More variables for the template: `chat_template_kwargs`. */
  readonly templateArguments?: JsonObject;
}

/** A part of a reply, in the order in which it was written. */
export type ReplyPart =
  | { readonly type: 'content'; readonly text: string }
  /** A call begins; its arguments follow. `index` counts the reply's calls from 0. */
  | { readonly type: 'toolCall'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'arguments'; readonly index: number; readonly text: string };

/** Tells tool calls from text while a reply is written. One for each sequence. */
export interface ReplyReader {
  /** Takes text that became final. */
  push(text: string): readonly ReplyPart[];
  /** What was held back, at the reply's end. */
  end(): readonly ReplyPart[];
}

/** A conversation in a model's own words. */
export interface PreparedChat {
  /** Ids of the rendered template: special tokens are ids only where the template wrote them. */
  readonly prompt: readonly number[];
  /** The same as text. */
  readonly text: string;
  /** What the reply obeys; absent: anything. */
  readonly grammar?: string;
  /** Texts that end a reply besides the model's own ids; the template's, where it has such. */
  readonly stopStrings: readonly string[];
  /** Names of what the template never reads, 32 at most: `chat_template_kwargs.x`, `messages.name`. */
  readonly unread: readonly string[];
  reader(): ReplyReader;
}

/** What a model can be asked for in a conversation. */
export interface ChatAbilities {
  /** Whether it has a template: its file's, a configured one, or the alpaca one. */
  readonly chat: boolean;
  readonly tools: boolean;
}
