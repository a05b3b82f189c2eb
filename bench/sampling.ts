import type { DecodingParameters } from '../src/engine/native-engine.js';
import { loadAddon } from '../src/engine/addon.js';
import { openBackend } from '../src/engine/backend.js';
import { TEXT_PROCESSORS } from './beams.js';
import { parseGenerationRequest } from '../src/generation/request.js';

const VOCABULARY = 50_257;
const ROUNDS = 300;

const off: DecodingParameters = {
  ...parseGenerationRequest({ prompt: [0], doSample: true, topK: 0, seed: 1, eosTokenId: [] }),
  maxNewTokens: 20,
  eosTokenId: [],
  seed: 1,
};

/** Every processor and warper but top-h and top-k, each dropping so little that the next has a whole row before it. */
const EVERY_PROCESSOR = {
  ...TEXT_PROCESSORS,
  eosTokenId: [...TEXT_PROCESSORS.eosTokenId],
  temperature: 0.7,
  topP: 0.9999,
  minP: 1e-9,
  typicalP: 0.9999,
  epsilonCutoff: 1e-9,
  etaCutoff: 1e-9,
} as const;

const MODES: Readonly<Record<string, DecodingParameters>> = {
  greedy: { ...off, doSample: false },
  'temperature 0.7': { ...off, temperature: 0.7 },
  'top-k 50': { ...off, topK: 50 },
  'top-k 10,000': { ...off, topK: 10_000 },
  'top-p 0.92, no top-k': { ...off, topP: 0.92 },
  'top-p 0.999, no top-k': { ...off, topP: 0.999 },
  'temperature 0.7, top-k 50, top-p 0.92': { ...off, temperature: 0.7, topK: 50, topP: 0.92 },
  'temperature 0.7, top-k 10,000, top-p 0.92': { ...off, temperature: 0.7, topK: 10_000, topP: 0.92 },
  'repetition penalty 1.2, temperature 0.7, top-p 0.92': {
    ...off,
    repetitionPenalty: 1.2,
    temperature: 0.7,
    topP: 0.92,
  },
  'every processor on whole rows': { ...off, ...EVERY_PROCESSOR },
  'every processor, top-h 0.9 and top-k 50': { ...off, ...EVERY_PROCESSOR, topH: 0.9, topK: 50 },
};

/** Logits of one of three shapes: as peaked as a trained model's, nearly flat, and all equal. */
function logitsOf(shape: 'peaked' | 'flat' | 'equal'): Float32Array {
  const addon = loadAddon();
  const spread = { peaked: 10, flat: 0.5, equal: 0 }[shape];
  return Float32Array.from({ length: VOCABULARY }, (_, index) => {
    const sum = addon.philox([index, 0, 0, 0], [7, 0]).reduce((total, word) => total + word / 2 ** 32, 0);
    return (sum - 2) * spread;
  });
}

/** Milliseconds that processing a row of 50,257 scores and choosing a token take in each mode, worst shape of three. */
export async function measureSampling(): Promise<Map<string, number>> {
  const addon = loadAddon();
  await openBackend(addon, 'off');
  const rows = (['peaked', 'flat', 'equal'] as const).map(logitsOf);
  const results = new Map<string, number>();
  for (const [mode, parameters] of Object.entries(MODES)) {
    const times = rows.map((logits) => addon.measureChoice(logits, parameters, ROUNDS));
    results.set(mode, Math.max(...times));
  }
  return results;
}
