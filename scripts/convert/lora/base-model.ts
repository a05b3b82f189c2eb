import {
  type Architecture,
  type ModelConfig,
  plainName,
  type TensorRule,
} from '../architectures/architecture.js';
import { findArchitecture } from '../architectures/index.js';

/** llama.cpp's names of the matrices that a model may share. */
const EMBEDDING = 'token_embd.weight';
const OUTPUT = 'output.weight';

/** What an adapter is matched with: the base's architecture and its tensors by name. */
export interface BaseModel {
  readonly architecture: Architecture;
  readonly rules: ReadonlyMap<string, TensorRule>;
  /** The rules of the embedding and of the output matrix; the latter is undefined where llama.cpp has none. */
  readonly embedding: TensorRule | undefined;
  readonly output: TensorRule | undefined;
  /** A tensor's or module's name as rules have it: without the architecture's optional prefix. */
  readonly plainName: (name: string) => string;
}

/**
 * Looks up what a config.json describes.
 *
 * @throws FormatError if the architecture is not known or an entry is wrong
 */
export function baseModel(config: ModelConfig): BaseModel {
  const architecture = findArchitecture(config);
  const { tensors } = architecture.describe(config);
  return {
    architecture,
    rules: new Map(tensors.map((rule) => [rule.source, rule])),
    embedding: tensors.find(({ target }) => target === EMBEDDING),
    output: tensors.find(({ target }) => target === OUTPUT),
    plainName: (name) => plainName(architecture, name),
  };
}
