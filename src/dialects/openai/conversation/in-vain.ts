import type { ChatRequest } from '../../../chat/chat.js';

/** What a body says of tools and formats, in the words of its route. */
interface Given {
  readonly parallel_tool_calls?: boolean | undefined;
  /** The field that says what the reply's text must be. */
  readonly formatField: string;
}

/** Names of fields that a conversation's others leave without effect. */
export function fieldsInVain({ tools, toolChoice, format }: ChatRequest, given: Given): string[] {
  const names: string[] = [];
  if (tools.length === 0 && given.parallel_tool_calls !== undefined) names.push('parallel_tool_calls');
  // Such a reply is calls, whose arguments have schemas of their own.
  const isCalls = toolChoice !== 'none' && toolChoice !== 'auto';
  if (isCalls && format.type !== 'text') names.push(given.formatField);
  return names;
}
