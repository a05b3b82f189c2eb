import type { GenerationEvent } from '../generation/events.js';
import type { NativeEvent } from './native-engine.js';
import { unpackPromptLogprobs, unpackTokenLogprobs } from './packed-logprobs.js';

/** An event of a running generation, from the tuple in which it crosses the border. */
export function generationEvent(
  event: Exclude<NativeEvent, readonly ['failed', ...unknown[]]>,
): GenerationEvent {
  switch (event[0]) {
    case 'token': {
      const [type, , sequence, tokenId, logprob, text, packed] = event;
      return {
        ...{ type, sequence, tokenId, logprob, text },
        ...(packed === undefined ? {} : { modelLogprobs: unpackTokenLogprobs(packed) }),
      };
    }
    case 'prompt': {
      const [type, , promptTokens, cachedTokens, packed] = event;
      return {
        ...{ type, promptTokens, cachedTokens },
        ...(packed === undefined ? {} : { promptLogprobs: unpackPromptLogprobs(packed, promptTokens) }),
      };
    }
    case 'finish': {
      const [type, , sequence, finishReason, text, generatedTokens, score, endsInsideCharacter, search] =
        event;
      return {
        ...{ type, sequence, finishReason, text, generatedTokens },
        ...(score === null ? {} : { score }),
        ...(endsInsideCharacter ? { endsInsideCharacter } : {}),
        ...(search === undefined ? {} : { search: { chosen: search[0], discarded: search[1] } }),
      };
    }
  }
}
