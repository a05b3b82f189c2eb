/** The example body of the original document, with everything that it documents. */
export const DOCUMENTED_BODY = {
  input: 'This is an input text',
  max_length: 50,
  mode: 'sample-top-p',
  top_p: 0.92,
  top_k: 50,
  temperature: 0.7,
  num_beams: 5,
  no_repeat_ngram_size: 2,
  num_return_sequences: 3,
  seed: -1,
};
