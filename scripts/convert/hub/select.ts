import type { HubFile } from './client.js';

/** What is read besides the weights, where it is there. */
const PLAIN_FILES = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'added_tokens.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'chat_template.json',
  'README.md',
  'adapter_config.json',
]);

interface WeightNames {
  readonly whole: string;
  readonly shard: RegExp;
}

/** Of a model and of an adapter; each in the order of preference, only the first that is there being fetched. */
const WEIGHTS: readonly (readonly WeightNames[])[] = [
  [
    { whole: 'model.safetensors', shard: /^model-\d+-of-\d+\.safetensors$/ },
    { whole: 'pytorch_model.bin', shard: /^pytorch_model-\d+-of-\d+\.bin$/ },
  ],
  [
    { whole: 'adapter_model.safetensors', shard: /^adapter_model-\d+-of-\d+\.safetensors$/ },
    { whole: 'adapter_model.bin', shard: /^adapter_model-\d+-of-\d+\.bin$/ },
  ],
];

/** The files of a repository that a conversion reads. Where there is an index, its shards go before a single file. */
export function selectFiles(files: readonly HubFile[]): HubFile[] {
  const weights = WEIGHTS.flatMap(
    (kinds) => kinds.map((names) => selectWeights(files, names)).find(({ length }) => length > 0) ?? [],
  );
  return [...files.filter(({ name }) => PLAIN_FILES.has(name)), ...weights];
}

function selectWeights(files: readonly HubFile[], { whole, shard }: WeightNames): HubFile[] {
  const index = files.filter(({ name }) => name === `${whole}.index.json`);
  const shards = files.filter(({ name }) => shard.test(name));
  if (index.length > 0 && shards.length > 0) return [...index, ...shards];
  const single = files.filter(({ name }) => name === whole);
  return single.length > 0 ? [...index, ...single] : [];
}
