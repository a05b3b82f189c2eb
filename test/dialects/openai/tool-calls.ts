/** What a model writes that calls two tools in the form of the Hermes models, in pieces. */
export const CALLS = [
  '<tool_call>\n',
  '{"name": "weather", ',
  '"arguments": {"city"',
  ': "Ulm"}}',
  '\n</tool_call>',
  '\n<tool_call>\n',
  '{"name": "now", "arguments": {}}',
  '\n</tool_call>',
  '<eos>',
];
