/** One message of a conversation. */
export interface Message {
  readonly role: 'user' | 'assistant' | 'system';
  readonly text: string;
}

const PREAMBLE =
  'Below is an instruction that describes a task. Write a response that appropriately completes the request.';
const RESPONSE = '### Response:';

/** Where the next instruction would begin, an answer is over. */
export const INSTRUCTION = '### Instruction:';

/**
 * A conversation in the alpaca template, up to where the next answer begins: a preamble, which is the last system
 * message if there is one, then a block for each message.
 */
export function alpacaPrompt(messages: readonly Message[]): string {
  const preamble = messages.findLast(({ role }) => role === 'system')?.text ?? PREAMBLE;
  const blocks = messages.flatMap(({ role, text }) => {
    if (role === 'system') return [];
    return [role === 'user' ? `${INSTRUCTION}\n${text}` : `${RESPONSE} ${text}`];
  });
  return [preamble, ...blocks, `${RESPONSE} `].join('\n\n');
}

/** The answer in what a model wrote after such a prompt. */
export function answerIn(generated: string): string {
  return (generated.split(RESPONSE).at(-1) ?? '').trim();
}
