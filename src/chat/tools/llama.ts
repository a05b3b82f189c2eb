import { newCallId } from './call-id.js';
import type { ToolFormat } from './format.js';

/** Llama 3's: a reply that is one object with a name and parameters. Its templates know one call a reply. */
export const llama: ToolFormat = {
  name: 'llama',
  matches: (template) => /['"]parameters\\?['"]\s*:/.test(template),
  marker: '',
  opening: '',
  separator: '',
  closing: '',
  argumentsKey: 'parameters',
  severalCalls: false,
  newId: newCallId,
  idOf: (id) => id,
};
