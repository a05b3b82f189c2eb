// Asks llama.cpp, through this project's engine, about GGUF files: one JSON request a line on standard input
// ({"model": PATH, "texts": [...], "prompts": [[ids]], "newTokens": N}), one JSON answer a line on standard output.
import { createInterface } from 'node:readline';

import { probe } from '../../dist/test/convert/goldens/engine.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { model, ...request } = JSON.parse(line);
  const answer = await probe(model, request).catch((error) => ({ error: String(error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
