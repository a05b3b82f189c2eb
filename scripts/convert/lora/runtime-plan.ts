import { FormatError, quote } from '../format-error.js';
import type { TensorTransform } from '../tensors/transform.js';
import type { Adapter, AdaptedModule } from './adapter.js';
import type { BaseModel } from './base-model.js';
import { isTransposed } from './merge-plan.js';
import { sameShape } from '../checkpoint.js';
import { Misfits } from './misfits.js';
import { runtimeAlpha } from './scaling.js';

/** One module's factors on their way into a GGUF adapter. */
export interface RuntimePair {
  readonly module: AdaptedModule;
  /** llama.cpp's name of the adapted tensor: "blk.0.attn_q.weight". */
  readonly target: string;
  /** What B's rows undergo, since the base's do. */
  readonly rows: TensorTransform | undefined;
  /** What B is multiplied with where the file's alpha does not give the module's scale; mostly 1. */
  readonly factor: number;
}

/** Embeddings are looked up by row, so that llama.cpp wants their A transposed (llm_graph_context::build_inp_embd). */
export function isEmbedding({ module }: RuntimePair): boolean {
  return module.kind === 'embedding';
}

/**
 * Matches an adapter's modules with the tensors that llama.cpp adds low-rank products to.
 *
 * @throws FormatError if the adapter does not fit, or holds what a runtime adapter cannot express
 */
export function planRuntime(
  adapter: Adapter,
  base: BaseModel,
  warn: (message: string) => void,
): RuntimePair[] {
  refuseReplacements(adapter, base, warn);
  const alpha = runtimeAlpha(adapter.config);
  const misfits = new Misfits();
  const pairs: RuntimePair[] = [];
  for (const module of adapter.modules) {
    const plainName = base.plainName(`${module.module}.weight`);
    const rule = base.rules.get(plainName);
    if (rule === undefined) {
      misfits.missing(module.module);
      continue;
    }
    const product = [module.b.shape[0] ?? 0, module.a.shape[1] ?? 0];
    const received = isTransposed(base, module, plainName) ? product.reverse() : product;
    if (!sameShape(received, rule.shape)) misfits.shape(module.module, rule.shape, received);
    const reason = whyNotAtRuntime(module, plainName, base);
    if (reason !== undefined) misfits.other(module.module, reason);
    const factor = Math.fround((module.scale * module.rank) / alpha);
    const rows = rule.transform?.kind === 'rows' ? rule.transform : undefined;
    pairs.push({ module, target: rule.target, rows, factor });
  }
  misfits.check(adapter.name);
  return pairs;
}

/** llama.cpp only adds products of factors; its graphs leave anything else in an adapter aside. */
function refuseReplacements(adapter: Adapter, base: BaseModel, warn: (message: string) => void): void {
  for (const { target, tensor, trained } of adapter.replacements) {
    const shape = base.rules.get(base.plainName(target))?.shape;
    if (trained || shape === undefined || !sameShape(shape, tensor.shape)) {
      throw new FormatError(
        'adapter',
        `tensor ${quote(tensor.name)} replaces the base's, which a runtime adapter cannot: merge it instead`,
      );
    }
    warn(`adapter ${quote(adapter.name)} holds its own ${quote(target)}: the base's is used`);
  }
}

function whyNotAtRuntime(module: AdaptedModule, plainName: string, base: BaseModel): string | undefined {
  const { embedding, output } = base;
  const isToken = plainName === embedding?.source;
  const shared = output === undefined || output.optional === true;
  if (module.bBias !== undefined)
    return 'has a lora_B.bias, which a runtime adapter cannot hold: merge it instead';
  if (shared && (isToken || plainName === output?.source))
    return 'is shared between embedding and output, which a runtime adapter cannot tell apart: merge it instead';
  if ((module.kind === 'embedding') !== isToken)
    return 'is not looked up as an embedding with LoRA by llama.cpp: merge it instead';
  if (base.rules.get(plainName)?.transform?.kind === 'add')
    return 'is no matrix that llama.cpp multiplies with';
  return undefined;
}
