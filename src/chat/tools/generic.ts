import { newCallId } from './call-id.js';
import type { ToolFormat } from './format.js';

/** For templates that tell of tools in a way of their own: a reply that is one object with a name and arguments. */
export const generic: ToolFormat = {
  name: 'generic',
  matches: () => true,
  marker: '',
  opening: '',
  separator: '',
  closing: '',
  argumentsKey: 'arguments',
  severalCalls: false,
  newId: newCallId,
  idOf: (id) => id,
};
