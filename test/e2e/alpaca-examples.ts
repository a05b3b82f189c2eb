/** The requests that the demo server's documentation shows: where they go, and what curl's -d gets, to the letter. */
export const DOCUMENTED_EXAMPLES: readonly (readonly [path: string, data: string])[] = [
  [
    '/v1/completions',
    `{
"prompt": "Tell me where the capital of China is"
}`,
  ],
  [
    '/v1/completions',
    `{
"prompt": "Tell me the strengths and weaknesses of China and the United States respectively",
"max_tokens": 90,
"temperature": 0.7,
"num_beams": 4,
"top_k": 40
}`,
  ],
  [
    '/v1/chat/completions',
    `{
"messages": [
{"role": "user","message": "Tell me some stories about Hangzhou"}
],
"repetition_penalty": 1.0
}`,
  ],
  [
    '/v1/chat/completions',
    `{
"messages": [
{"role": "user","message": "Tell me some stories about Hangzhou"},
{"role": "assistant","message": "Sure, do you have any specific preferences about Hangzhou?"},
{"role": "user","message": "I am quite fond of West Lake, could you tell me about it?"}
],
"repetition_penalty": 1.0
}`,
  ],
  [
    '/v1/embeddings',
    `{
"input": "The weather is really nice today"
}`,
  ],
];
