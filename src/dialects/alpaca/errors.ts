import { GlossaError } from '../../errors.js';

/** The engine's names of parameters, and this API's. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['maxNewTokens', 'max_tokens'],
  ['topK', 'top_k'],
  ['topP', 'top_p'],
  ['numBeams', 'num_beams'],
  ['repetitionPenalty', 'repetition_penalty'],
  ['stopStrings', 'stop'],
]);
const engineNames = new RegExp(`\\b(${[...NAMES.keys()].join('|')})\\b`, 'g');

/** An error of the engine in this API's words; `source` is the field that the prompt was made from. */
export function inOurNames(error: GlossaError, source: string): GlossaError {
  const { param } = error;
  if (param === undefined) return error;
  const translated = param === 'prompt' ? source : (NAMES.get(param) ?? param);
  const message = error.message
    .replaceAll(engineNames, (name) => NAMES.get(name) ?? name)
    .replace(/^prompt: /, `${source}: `);
  return new GlossaError(error.code, message, { cause: error.cause, param: translated });
}
