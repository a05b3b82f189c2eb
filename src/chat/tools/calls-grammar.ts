import { grammarLiteral, type GrammarRules } from '../../generation/grammar-rules.js';
import type { ChatTool } from '../chat.js';
import { addArguments } from '../schema-rule.js';
import { textNotBeginning, textWithout } from './text-without.js';
import type { WrittenFormat } from './written-format.js';

/** What calls are made of. */
export interface CallsOptions {
  readonly tools: readonly ChatTool[];
  readonly several: boolean;
}

/** A rule of one call or several, in a model's format; the marker, which comes before them, is not part of it. */
export function callsAfterMarker(
  rules: GrammarRules,
  { format, grammar }: WrittenFormat,
  { tools, several }: CallsOptions,
): string {
  const alternatives = tools.map(({ name, parameters }, index) => {
    const head = `{"name": ${JSON.stringify(name)}, "${format.argumentsKey}": `;
    const schema = addArguments(rules, parameters, `tools[${index}].function.parameters`);
    return `${grammarLiteral(head)} ${schema} "}"`;
  });
  const call = rules.add('call', alternatives.join(' | '));
  const more = several && format.severalCalls ? `(${grammar.separator} ${call})*` : '';
  return rules.add('calls', [grammar.opening, call, more, grammar.closing].filter(Boolean).join(' '));
}

/** A rule of calls with their marker. */
export function calls(rules: GrammarRules, written: WrittenFormat, options: CallsOptions): string {
  const after = callsAfterMarker(rules, written, options);
  return rules.add('marked-calls', [written.grammar.marker, after].filter(Boolean).join(' '));
}

/** A rule of any text, with calls behind it or without, so that calls and text are told apart. */
export function textAndCalls(rules: GrammarRules, written: WrittenFormat, options: CallsOptions): string {
  const after = callsAfterMarker(rules, written, options);
  if (written.onlyFirst) {
    return rules.add('reply', `${after} | ${textNotBeginning(rules, written.trigger)}`);
  }
  if (!written.hasSilentMarker) return textWithout(rules, written.trigger, { then: after });
  return textWithout(rules, written.trigger, { anywhere: `${written.grammar.marker} ${after}` });
}
