import { GlossaError } from '../../../errors.js';
import type { ModelLease } from '../../../models/registry.js';
import type { DialectServices, ServerContext } from '../../../server/dialect.js';
import { withModel } from './with-model.js';

/** Answer of `GET /tokenizer_info`: what clients of vLLM's server that tokenize by `/tokenize` ask for first. */
interface TokenizerInfo {
  /** GGUF's name of the algorithm: gpt2, llama. */
  readonly tokenizer_class: string;
  /** Names of special tokens; null where the model has none. */
  readonly bos_token: string | null;
  readonly eos_token: string | null;
  readonly unk_token: string | null;
  readonly pad_token: string | null;
  /** Whether BOS comes before every prompt. */
  readonly add_bos_token: boolean;
  /** Jinja: the configured template, or the model file's own. */
  readonly chat_template: string | null;
  /** Tokens that a prompt and its answer have room for together. */
  readonly model_max_length: number;
}

/** `GET /tokenizer_info`, of the model that the query names. */
export async function tokenizerInfoRoute(
  context: ServerContext,
  services: DialectServices,
): Promise<Response> {
  const { model: [name, second] = [], ...others } = context.req.queries();
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refusal(unknown.slice(0, 64), 'unknown parameter; expected model');
  if (second !== undefined) throw refusal('model', 'expected one model');
  return await withModel(context, services, name, async (lease) => context.json(await infoOf(lease)));
}

async function infoOf({ engine, chatTemplate }: ModelLease): Promise<TokenizerInfo> {
  const { info } = engine;
  const vocabulary = await engine.vocabulary();
  const named = (token: string): string | null => {
    const id = info.metadata[`tokenizer.ggml.${token}_token_id`];
    return id === undefined || Number(id) >= vocabulary.size
      ? null
      : Buffer.from(vocabulary.bytes(Number(id))).toString();
  };
  const [first] = await engine.tokenize('', { addSpecial: true });
  return {
    tokenizer_class: info.metadata['tokenizer.ggml.model'] ?? 'unknown',
    bos_token: named('bos'),
    eos_token: named('eos'),
    unk_token: named('unknown'),
    pad_token: named('padding'),
    add_bos_token: first !== undefined && first === Number(info.metadata['tokenizer.ggml.bos_token_id']),
    chat_template: chatTemplate ?? info.chatTemplate,
    model_max_length: info.contextSize,
  };
}

function refusal(param: string, reason: string): GlossaError {
  return new GlossaError('INVALID_REQUEST', `${param}: ${reason}`, { param });
}
