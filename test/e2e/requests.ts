/** Bodies of `POST /glossa/generate` that several tests send. */

/** A prompt that no other request shares, so that no prefix of it is kept. */
export function uniquePrompt(index: number): string {
  return `Number ${index} of many: the little dog`;
}

/** One sequence that takes the shipped model a good part of a second. */
export function longStream(index: number): object {
  return {
    prompt: uniquePrompt(index),
    max_new_tokens: 480,
    eos_token_id: [],
    do_sample: true,
    seed: index,
    stream: true,
  };
}

/** Far more sequences than run at a time: minutes on a slow machine, and megabytes of frames. */
export function endlessStream(index: number): object {
  return { ...longStream(index), num_return_sequences: 128 };
}

/** One that is over at once. */
export const shortRequest = { prompt: 'The little dog', max_new_tokens: 4, eos_token_id: [] };
