import { z } from 'zod';

import { KV_TYPES, MOST_SEQUENCES } from '../engine/cache-options.js';
import { generationParametersSchema } from '../generation/request-fields.js';
import { apiKeySchema } from './api-keys.js';
import { DIALECT_NAMES, listenAddress } from './listeners.js';
import { generateDefaultsSchema } from './generate-defaults.js';
import { byteSize, longSeconds, modelName, seconds } from './values.js';

/** What the documentation says of an option, and what zod can't know of it. */
export interface OptionMeta {
  readonly description: string;
  /**
   * The value is a path, adapters that hold one, or a path unless it is the name of a template: relative ones start at
   * the configuration file, or at the working directory.
   */
  readonly path?: true | 'adapter' | 'template';
  /** Only the configuration file can hold it. */
  readonly fileOnly?: true;
}

/** Descriptions of all options, found by their schema. */
export const optionMeta = z.registry<OptionMeta>();

/** A new schema each time: descriptions belong to one. */
const count = (): z.ZodInt => z.int().min(0).max(0x7fffffff);

/** What can be set for each model; the server-wide option of the same name is the default. */
const modelSettings = {
  contextSize: count().register(optionMeta, {
    description:
      'Tokens one sequence can hold, prompt and new ones together; 0 takes what the model was trained on, or less if memory is short',
  }),
  parallelSequences: z.int().min(0).max(MOST_SEQUENCES.split).register(optionMeta, {
    description:
      'Sequences decoded at the same time, up to 256 (192 with kvLayout unified); 0 takes 16, or fewer if memory is short',
  }),
  threads: z.int().min(0).max(4096).register(optionMeta, {
    description: 'Compute threads; 0 takes the physical cores available to the process',
  }),
  gpuLayers: z.int().min(-1).max(0x7fffffff).register(optionMeta, {
    description: 'Layers kept on the GPU; -1 for all',
  }),
  cacheRam: byteSize.register(optionMeta, {
    description: 'Host memory for kept prompt prefixes, per model; 0 keeps none',
  }),
  kvLayout: z.enum(['split', 'unified']).register(optionMeta, {
    description: 'Layout of the KV cache: a fixed share for each sequence, or one pool for all',
  }),
  kvCells: count().register(optionMeta, {
    description: 'Cells of a unified KV cache; 0 takes parallelSequences x contextSize',
  }),
  beamCells: count().register(optionMeta, {
    description:
      "Cells of the beams' pool in a split KV cache; 0 takes 4 x contextSize, at least 2048, or less if memory is short",
  }),
  kvType: z.enum(KV_TYPES).register(optionMeta, {
    description:
      'Element type of the KV cache: q8_0 halves its memory, f32 doubles it; f32 is the most exact and the slowest',
  }),
  reproducible: z.boolean().register(optionMeta, {
    description:
      'Same seed, same text, whatever runs beside it: one sequence per decoding step, no prefix reuse',
  }),
  queueLimit: z.int().min(0).max(1_000_000).register(optionMeta, {
    description: 'Requests that may wait for a model; one more is refused',
  }),
  queueTokens: count().register(optionMeta, {
    description:
      'Prompt tokens that may wait for a model, all requests together; one request counts as half of it at most',
  }),
  preload: z.boolean().register(optionMeta, {
    description: 'Load at start instead of at first use; the default model always is',
  }),
  chatTemplate: z.string().min(1).register(optionMeta, {
    description:
      "Template of conversations: a Jinja file, or `alpaca`; unset takes the model file's own; see docs/chat.md",
    path: 'template',
  }),
  generation: generationParametersSchema.register(optionMeta, {
    description:
      "What requests that do not say otherwise are generated with, in the engine's names (`maxNewTokens`, `topP`, ...); see docs/decoding.md",
    fileOnly: true,
  }),
};

/** A LoRA adapter; what was written as text has become this when its path was made absolute (sources.ts). */
export const adapterSchema = z.strictObject({
  /** GGUF file. */
  path: z.string().min(1),
  scale: z.number().min(-1000).max(1000).default(1),
  /** Serves model and adapter under this id, beside the model without it. */
  id: modelName.optional(),
});

/** One model of the `models` section. Only the shipped model may leave out both its path and its base. */
export const modelSchema = z
  .strictObject(modelSettings)
  .partial()
  .extend({
    path: z.string().min(1).optional(),
    aliases: z.array(modelName).max(64).optional(),
    /** Id of the model whose weights and process it shares. */
    base: modelName.optional(),
    /** What is put on the model, or on its base with the base's own adapters. */
    lora: z.array(adapterSchema).max(64).optional(),
  });

/**
 * The one description of Glossa's configuration. The file holds these keys; the environment holds them as
 * `GLOSSA_CACHE_RAM`, the command line as `--cache-ram`.
 */
export const settingsSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').register(optionMeta, {
    description: 'Address to listen on; beyond loopback API keys are required',
  }),
  port: z.int().min(0).max(65_535).default(8080).register(optionMeta, {
    description: 'Port to listen on; 0 takes a free one',
  }),
  listen: z
    .array(listenAddress)
    .default([])
    .register(optionMeta, {
      description: `APIs with a port of their own, each as \`API=PORT\`: ${DIALECT_NAMES.join(', ')}; the flag can be repeated`,
    }),
  classicPorts: z.boolean().default(false).register(optionMeta, {
    description:
      'Open the ports of the original services: autocomplete 6006, generate 6060, alpaca 19327, sagemaker 8080',
  }),
  model: z.array(z.string().min(1)).default([]).register(optionMeta, {
    description:
      'GGUF files to serve, each under its file name; the first becomes the default model; the flag can be repeated',
    path: true,
  }),
  lora: z.array(adapterSchema).max(64).default([]).register(optionMeta, {
    description:
      'LoRA adapters (GGUF) on the default model; one with an ID is served under it beside the model; the flag can be repeated',
    path: 'adapter',
  }),
  models: z.record(modelName, modelSchema).default({}).register(optionMeta, {
    description:
      'Models to serve, by id: `path` or `base`, `aliases`, `lora`, and any of the settings marked *',
    fileOnly: true,
  }),
  defaultModel: z.string().optional().register(optionMeta, {
    description: 'Id or alias of the model that answers when a request names none',
  }),
  gpu: z.enum(['auto', 'off', 'cuda', 'vulkan', 'metal']).default('auto').register(optionMeta, {
    description: 'Backend to compute on; auto takes the best one that works',
  }),
  contextSize: modelSettings.contextSize.default(0),
  parallelSequences: modelSettings.parallelSequences.default(0),
  threads: modelSettings.threads.default(0),
  gpuLayers: modelSettings.gpuLayers.default(-1),
  cacheRam: modelSettings.cacheRam.prefault('512MiB'),
  kvLayout: modelSettings.kvLayout.default('split'),
  kvCells: modelSettings.kvCells.default(0),
  beamCells: modelSettings.beamCells.default(0),
  kvType: modelSettings.kvType.default('f16'),
  reproducible: modelSettings.reproducible.default(false),
  queueLimit: modelSettings.queueLimit.default(256),
  queueTokens: modelSettings.queueTokens.default(1_000_000),
  preload: modelSettings.preload.default(false),
  chatTemplate: modelSettings.chatTemplate.optional(),
  generation: modelSettings.generation.default({}),
  stateDir: z.string().min(1).optional().register(optionMeta, {
    description:
      "Folder for what outlives the server: tasks; unset takes the user's own folder for such data; one server at a time",
    path: true,
  }),
  taskRetention: longSeconds.default(604_800).register(optionMeta, {
    description: 'Seconds that the result of an ended task can be asked for',
  }),
  taskQueueLimit: z.int().min(1).max(1_000_000).default(10_000).register(optionMeta, {
    description: 'Tasks that may wait; one more is refused',
  }),
  taskConcurrency: z.int().min(1).max(256).default(4).register(optionMeta, {
    description: 'Tasks that are run at the same time',
  }),
  continuationLimit: z.int().min(0).max(1_000_000).default(16_384).register(optionMeta, {
    description: 'Generations of the generate API that can be continued; the least recently used goes first',
  }),
  continuationTtl: longSeconds.default(3600).register(optionMeta, {
    description: 'Seconds for which one can be continued',
  }),
  generateDefaults: generateDefaultsSchema.prefault({}).register(optionMeta, {
    description:
      "What requests of the generate API are decoded with that do not say otherwise, in that API's names (`num_beams`, `max_new_tokens`, ...)",
    fileOnly: true,
  }),
  awsCredentials: z
    .record(z.string().regex(/^\w{16,128}$/), z.string().min(1))
    .default({})
    .register(optionMeta, {
      description:
        'Secret access keys by access key id: with any, the sagemaker API wants requests signed (AWS Signature Version 4)',
      fileOnly: true,
    }),
  memoryBudget: byteSize.prefault(0).register(optionMeta, {
    description:
      'Memory for all loaded models; beyond it the least recently used idle one is unloaded; 0 is no limit',
  }),
  apiKeys: z
    .array(z.union([z.string().min(1), apiKeySchema]))
    .default([])
    .register(optionMeta, {
      description:
        'Keys of which every request must carry one (all routes but `/health` and `/ping`); in the file also objects with limits, see docs/keys.md',
    }),
  apiKeyFile: z.string().min(1).optional().register(optionMeta, {
    description: 'File with more API keys, one a line, as it is or as a JSON object with limits',
    path: true,
  }),
  auth: z.boolean().default(true).register(optionMeta, {
    description: '`--no-auth` allows listening beyond loopback without API keys',
  }),
  allowedHosts: z.array(z.string().min(1)).default([]).register(optionMeta, {
    description: 'Host names to answer to, besides those of loopback, when listening on loopback',
  }),
  corsOrigins: z.array(z.string().min(1)).optional().register(optionMeta, {
    description: "Origins whose pages may call, for all APIs; unset leaves each API's documented policy",
  }),
  bodyLimit: byteSize
    .prefault('8MiB')
    .register(optionMeta, { description: "Size of a request's body at most" }),
  headersTimeout: seconds.default(15).register(optionMeta, {
    description: "Seconds for a request's headers to arrive",
  }),
  requestTimeout: seconds.default(60).register(optionMeta, {
    description: 'Seconds for a whole request to arrive (answering it may take longer)',
  }),
  keepAliveTimeout: seconds.default(15).register(optionMeta, {
    description: 'Seconds an idle connection is kept open',
  }),
  shutdownTimeout: seconds.default(30).register(optionMeta, {
    description: 'Seconds that running requests get to finish when the server is stopped',
  }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').register(optionMeta, {
    description: 'Least level that is logged',
  }),
  logPrompts: z.boolean().default(false).register(optionMeta, {
    description: 'Log the texts of prompts',
  }),
});

/** The settings after validation, defaults filled in. */
export type Settings = z.output<typeof settingsSchema>;
/** One adapter of a `lora` list after validation. */
export type AdapterSettings = z.output<typeof adapterSchema>;
/** One entry of `models` after validation. */
export type ModelSettings = z.output<typeof modelSchema>;
/** Name of a setting, as the configuration file spells it. */
export type SettingName = keyof Settings;

/** Names of the settings that a model may have of its own. */
export const MODEL_SETTING_NAMES = Object.keys(modelSettings) as readonly (keyof typeof modelSettings)[];
