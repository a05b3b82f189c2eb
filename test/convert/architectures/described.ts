import assert from 'node:assert/strict';

import type {
  ModelConfig,
  ModelDescription,
  TensorRule,
} from '../../../scripts/convert/architectures/architecture.js';
import { findArchitecture } from '../../../scripts/convert/architectures/index.js';
import { FormatError } from '../../../scripts/convert/format-error.js';
import type { GgufValue } from '../../../scripts/convert/gguf/values.js';

/** What the architecture that a config.json names makes of it. */
export function described(config: ModelConfig): ModelDescription {
  return findArchitecture(config).describe(config);
}

const text = ([key, { type, value }]: readonly [string, GgufValue]): string =>
  `${key} ${type} ${typeof value === 'string' ? value : JSON.stringify(value)}`;

/** All metadata of a model in file order, one "key type value" each; "file_type" marks its place. */
export function metadataOf(config: ModelConfig): string[] {
  const { metadataFirst = [], metadata, metadataAfterFileType = [] } = described(config);
  return [
    ...[...metadataFirst].map(text),
    ...[...metadata].map(text),
    'file_type',
    ...[...metadataAfterFileType].map(text),
  ];
}

/** The rule for a tensor of the checkpoint. */
export function ruleOf({ tensors }: ModelDescription, source: string): TensorRule {
  const rule = tensors.find((candidate) => candidate.source === source);
  assert.ok(rule !== undefined, `no rule for ${source}`);
  return rule;
}

/** "source -> target [shape]" of the tensors that are there once and those of layer 0. */
export function rowsOf(config: ModelConfig): string[] {
  return described(config)
    .tensors.filter(({ target }) => !/^blk\.[^0]/.test(target))
    .map(({ source, target, shape, transform, optional }) => {
      const notes = [transform?.kind, optional === true ? 'optional' : undefined].filter(Boolean);
      return [`${source} -> ${target} [${shape.join(', ')}]`, ...notes].join(' ');
    });
}

/** Asserts that a config.json is refused with one line. */
export function refuses(config: ModelConfig, message: RegExp): void {
  assert.throws(
    () => described(config),
    (error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.match(error.message, message);
      assert.ok(!error.message.includes('\n'), 'one line');
      return true;
    },
  );
}

/** Row numbers of the checkpoint in the order in which a rule writes them. */
export function rowOrder(rule: TensorRule): number[] {
  const { transform } = rule;
  assert.equal(transform?.kind, 'rows');
  return Array.from({ length: rule.shape[0] ?? 0 }, (_, row) => transform.order(row));
}
