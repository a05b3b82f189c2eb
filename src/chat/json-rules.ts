import type { GrammarRules } from '../generation/grammar-rules.js';

/** A rule of any JSON object, as models write it: white space where json.dumps has some, or none. */
export function addJsonObject(rules: GrammarRules): string {
  const space = rules.add('json-space', '[ \\t\\n\\r]{0,16}');
  const text = rules.add(
    'json-text',
    '"\\"" ([^"\\\\\\x00-\\x1F\\x7F] | "\\\\" (["\\\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\\""',
  );
  const number = rules.add(
    'json-number',
    '"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?',
  );
  const value = rules.reserve('json-value');
  const list = rules.add(
    'json-list',
    `"[" ${space} (${value} ${space} ("," ${space} ${value} ${space})*)? "]"`,
  );
  const pair = rules.add('json-pair', `${text} ${space} ":" ${space} ${value} ${space}`);
  const object = rules.add('json-object', `"{" ${space} (${pair} ("," ${space} ${pair})*)? "}"`);
  rules.define(value, `${object} | ${list} | ${text} | ${number} | "true" | "false" | "null"`);
  return object;
}
