import type { ReplyPart, ReplyReader } from './chat.js';

/** Reads replies that are nothing but content. */
export class PlainReader implements ReplyReader {
  push(text: string): readonly ReplyPart[] {
    return text === '' ? [] : [{ type: 'content', text }];
  }

  end(): readonly ReplyPart[] {
    return [];
  }
}
