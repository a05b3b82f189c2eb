import { GlossaError } from '../errors.js';
import { GrammarRules } from '../generation/grammar-rules.js';
import { checkGrammar } from '../generation/grammar.js';
import { addJsonObject } from '../generation/json-schema/json-schema.js';
import type { ChatRequest, ChatTool, ReplyFormat } from './chat.js';
import { addSchema } from './schema-rule.js';
import { calls, textAndCalls } from './tools/calls-grammar.js';
import type { WrittenFormat } from './tools/written-format.js';

type Wanted = Pick<ChatRequest, 'tools' | 'toolChoice' | 'parallelToolCalls' | 'format'>;

/**
 * What a reply obeys; undefined: it is any text.
 *
 * @param written how the model writes calls; undefined if it is to write none
 * @throws GlossaError INVALID_REQUEST for a schema that no grammar can be made of, a tool that is not there, and a
 *   grammar of the client's own beside tools
 */
export function replyGrammar(request: Wanted, written: WrittenFormat | undefined): string | undefined {
  const { format, toolChoice } = request;
  if (written === undefined) {
    if (toolChoice !== 'none' && toolChoice !== 'auto') chosenTools(request);
    if (format.type === 'grammar') return format.grammar;
    if (format.type === 'text') return undefined;
    return checked((rules) => addFormat(rules, format), 'response_format');
  }
  const tools = chosenTools(request);
  const options = { tools, several: request.parallelToolCalls };
  if (toolChoice !== 'auto') return checked((rules) => calls(rules, written, options), 'tools');
  if (format.type === 'grammar') {
    throw new GlossaError('INVALID_REQUEST', 'grammar: expected none beside tools that may be called', {
      param: 'grammar',
    });
  }
  return checked((rules) => {
    if (format.type === 'text') return textAndCalls(rules, written, options);
    return `${calls(rules, written, options)} | ${addFormat(rules, format)}`;
  }, 'tools');
}

function addFormat(
  rules: GrammarRules,
  format: Exclude<ReplyFormat, { type: 'text' } | { type: 'grammar' }>,
): string {
  if (format.type === 'json_object') return addJsonObject(rules);
  return addSchema(rules, format.schema, 'response_format.json_schema.schema');
}

/** The tools that may be called, of which there is one at least. */
function chosenTools({ tools, toolChoice }: Wanted): readonly ChatTool[] {
  const chosen =
    typeof toolChoice === 'string' ? tools : tools.filter(({ name }) => name === toolChoice.name);
  if (chosen.length > 0) return chosen;
  throw new GlossaError('INVALID_REQUEST', 'tool_choice: expected a tool that is among tools', {
    param: 'tool_choice',
  });
}

/** Limits of grammars are told in the terms of the request: it has no grammar. */
function checked(add: (rules: GrammarRules) => string, param: string): string {
  const rules = new GrammarRules();
  const grammar = rules.toString(add(rules));
  try {
    checkGrammar(grammar);
  } catch (cause) {
    const { message } = GlossaError.from(cause);
    throw new GlossaError(
      'INVALID_REQUEST',
      `${param}: the schemas make too large a grammar: ${message.replace(/^grammar: /, '')}`,
      { param, cause },
    );
  }
  return grammar;
}
