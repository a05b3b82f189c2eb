import { newCallId } from './call-id.js';
import type { ToolFormat } from './format.js';

/** Hermes's and Qwen's: each call in a `<tool_call>` of its own. */
export const hermes: ToolFormat = {
  name: 'hermes',
  matches: (template) => template.includes('<tool_call>'),
  marker: '<tool_call>',
  opening: '\n',
  separator: '\n</tool_call>\n<tool_call>\n',
  closing: '\n</tool_call>',
  argumentsKey: 'arguments',
  severalCalls: true,
  newId: newCallId,
  idOf: (id) => id,
};
