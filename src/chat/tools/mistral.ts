import { newShortId, shortIdOf } from './call-id.js';
import type { ToolFormat } from './format.js';

/** Mistral's: a list of calls behind a marker. */
export const mistral: ToolFormat = {
  name: 'mistral',
  matches: (template) => template.includes('[TOOL_CALLS]'),
  marker: '[TOOL_CALLS]',
  opening: '[',
  separator: ', ',
  closing: ']',
  argumentsKey: 'arguments',
  severalCalls: true,
  newId: newShortId,
  idOf: shortIdOf,
};
