import type { GenerationEvent } from '../generation/events.js';
import type { GenerationDefaults, GenerationRequestInput, SeededRequest } from '../generation/request.js';
import type { NativeEngineStats } from './native-engine.js';
import type { KvType } from './cache-options.js';

/** What a loaded model says of itself. */
export interface ModelInfo {
  /** GGUF `general.architecture`, e.g. "gpt2". */
  readonly architecture: string;
  /** llama.cpp's one-line description, e.g. "gpt2 0.1B Q8_0". */
  readonly description: string;
  readonly parameters: number;
  /** Bytes of all tensors. */
  readonly sizeBytes: number;
  /** Bytes that the model's process takes for weights, KV cache and buffers, for the memory budget. */
  readonly memoryBytes: number;
  readonly vocabularySize: number;
  /** Bytes of text that one token stands for at most; 0 if a text's bytes do not tell how many tokens it has at least. */
  readonly longestTokenBytes: number;
  /** Positions the model was trained on. */
  readonly trainedContextSize: number;
  /** Tokens one sequence can hold, prompt and new ones together. */
  readonly contextSize: number;
  /** Sequences decoded at the same time. */
  readonly parallelSequences: number;
  /** Ids that end a generation unless the request says otherwise. */
  readonly eosTokenIds: readonly number[];
  /** What an empty prompt becomes: BOS, else EOS; null if the model has neither. */
  readonly startTokenId: number | null;
  /** Ids that mark the parts of a text whose middle is to be filled in; null if the model has none. */
  readonly fillInMiddle: FillInMiddle | null;
  /** The chat template in the file (Jinja), if it has one. */
  readonly chatTemplate: string | null;
  /** GGUF metadata, scalar values as text. */
  readonly metadata: Readonly<Record<string, string>>;
  /** "cpu", "cuda", "vulkan" or "metal". */
  readonly backend: string;
}

/** Ids before what precedes a gap, before what follows it, and before what fills it. */
export interface FillInMiddle {
  readonly prefix: number;
  readonly suffix: number;
  readonly middle: number;
}

/** What a token is, as GGUF's `tokenizer.ggml.token_type` says. */
export type TokenKind = 'normal' | 'unknown' | 'control' | 'user_defined' | 'unused' | 'byte';

/** The tokens of a model. */
export interface Vocabulary {
  /** Ids are below it. */
  readonly size: number;
  /** Bytes that an id adds to a text; of one that adds none (control, unknown), its name. Not to be changed. */
  bytes(id: number): Uint8Array;
  kind(id: number): TokenKind;
}

/** Momentary figures of one engine. */
export interface EngineStats extends NativeEngineStats {
  /** Resident memory of the model's process in bytes. */
  readonly residentBytes: number;
  readonly pid: number;
}

/**
 * One running generation. Iterating gives its events in order and ends after the last sequence's finish
 * event; it throws a GlossaError if the engine fails. Leaving the loop early cancels what is left.
 */
export interface Generation extends AsyncIterable<GenerationEvent> {
  /** What was asked for, all defaults filled in. */
  readonly request: SeededRequest;
  /** Ends one sequence, or all of them; a sequence that has ended already is left alone. */
  cancel(sequence?: number): void;
}

/** What comes with a request besides its parameters. */
export interface GenerateOptions {
  /** Aborting it cancels the generation. */
  readonly signal?: AbortSignal;
  /** Index in the engine's `adapterSets`; default 0. */
  readonly adapterSet?: number;
  /** What counts where the request says nothing, before transformers' defaults. */
  readonly defaults?: GenerationDefaults;
  /** "background" gives way to interactive requests; default interactive. */
  readonly priority?: Priority;
  /**
   * Tokens at the prompt's end that earlier calls generated for the same text; default 0, at most all of it. Random
   * draws, penalties, the grammar and the first character go on where those ended, so that parts of a text are what
   * one call would give. A beam search begins anew; only its text goes on. `maxNewTokens` and `minNewTokens` count the
   * new tokens alone.
   */
  readonly continuedTokens?: number;
}

/** Who is served first. */
export type Priority = 'interactive' | 'background';

/** What goes with any question to an engine. */
export interface CallOptions {
  /** Aborting it gives up with CANCELLED; what still waits for its turn is then never done. */
  readonly signal?: AbortSignal | undefined;
}

/** How a text is tokenized. */
export interface TokenizeOptions extends CallOptions {
  /** Adds what the tokenizer adds to a prompt (BOS for LLaMA); default false. */
  readonly addSpecial?: boolean;
  /** Takes the texts of special tokens for those tokens; default false. */
  readonly parseSpecial?: boolean;
}

/** What goes with texts to be embedded. */
export interface EmbedOptions {
  /** Aborting it gives up. */
  readonly signal?: AbortSignal;
  /** Index in the engine's `adapterSets`; default 0. */
  readonly adapterSet?: number;
}

/** One vector for each input, in their order, and the inputs' tokens. */
export interface Embeddings {
  /** Each as long as the model's hidden size; Euclidean norm 1. */
  readonly vectors: readonly Float32Array[];
  readonly promptTokens: readonly number[];
}

/** A loaded model that generates. The real one is a child process; tests may use another. */
export interface Engine {
  readonly info: ModelInfo;
  /** Tokens that the prompts and answers of one request may have, all sequences together; absent: not limited. */
  readonly tokenLimit?: number | undefined;
  /**
   * Starts a generation. Validation happens at once (INVALID_REQUEST is thrown, not queued); all later
   * failures come through the iteration. Aborting `signal` cancels.
   */
  generate(request: GenerationRequestInput, options?: GenerateOptions): Generation;
  /**
   * The last hidden states of an input's tokens, pooled as the model's file says (their mean if it says nothing) and
   * normalised to length 1. Text gets the special tokens its tokenizer adds; token ids are fed exactly as they are.
   *
   * @throws GlossaError INVALID_REQUEST for an input without tokens; CONTEXT_OVERFLOW for one that is too long
   */
  embed(inputs: readonly (string | readonly number[])[], options?: EmbedOptions): Promise<Embeddings>;
  /**
   * Token ids of a text.
   *
   * @throws GlossaError OVERLOADED if too many calls and requests wait; CANCELLED
   */
  tokenize(text: string, options?: TokenizeOptions): Promise<number[]>;
  /**
   * Text of token ids; invalid UTF-8 becomes U+FFFD.
   *
   * @throws GlossaError INVALID_REQUEST for an id outside the vocabulary; OVERLOADED, CANCELLED
   */
  detokenize(tokens: readonly number[], options?: CallOptions): Promise<string>;
  /** The model's tokens. Asked for once and kept. */
  vocabulary(): Promise<Vocabulary>;
  stats(): Promise<EngineStats>;
  /** Ends the engine. Idempotent; requests in flight are cancelled, later calls fail with CLOSED. */
  close(): Promise<void>;
}

/** A LoRA adapter as it is put on a model. */
export interface LoraAdapter {
  /** Its GGUF file. */
  readonly path: string;
  /** Factor on top of the file's own alpha / rank; 1 applies it as it was trained, 0 not at all. */
  readonly scale: number;
}

/** How to load a model: the engine's part of its configuration. */
export interface EngineOptions {
  readonly modelPath: string;
  /** Tokens one sequence can hold; 0 takes what the model was trained on, or less if memory is short. */
  readonly contextSize: number;
  /** Sequences decoded at the same time, up to 256 (192 if unified); 0 takes 16, or fewer if memory is short. */
  readonly parallelSequences: number;
  /** Compute threads; 0 takes the physical cores available to the process. */
  readonly threads: number;
  readonly gpu: 'auto' | 'off' | 'cuda' | 'vulkan' | 'metal';
  /** Layers kept on the GPU; -1 for all. */
  readonly gpuLayers: number;
  /** Bytes of host memory for kept prefixes; 0 keeps none. */
  readonly cacheRamBytes: number;
  /** One sequence per `llama_decode`, fixed prompt chunks, no prefix reuse: see docs/reproducibility.md. */
  readonly reproducible: boolean;
  /** Layout of the KV cache. "split": a fixed share for each sequence. "unified": one pool of `kvCells`. */
  readonly kvLayout: 'split' | 'unified';
  /** Cells of a unified cache; 0 takes parallelSequences x contextSize. */
  readonly kvCells: number;
  /**
   * Cells of the pool that beams share in the split layout, taken from the system at the first beam search; 0 takes
   * 4 x contextSize and at least 2048, or less if memory is short. In the unified layout beams draw on `kvCells`.
   */
  readonly beamCells: number;
  /**
   * Element type of keys and values. q8_0 needs a model whose heads have a multiple of 32 dimensions; f32 does without
   * flash attention, which would round to f16, and so is slower and needs more memory for a long context.
   */
  readonly kvType: KvType;
  /** Requests that may wait; one more is refused with OVERLOADED. */
  readonly queueLimit: number;
  /**
   * Tokens of prompts and other texts that may wait to be computed, all requests together; what exceeds it is refused
   * with OVERLOADED, unless nothing else waits.
   */
  readonly queueTokens: number;
  /** Adapters that requests can be decoded with, all of a set together; default: one set without any. */
  readonly adapterSets?: readonly (readonly LoraAdapter[])[];
}

/** Starts an engine: the seam at which the registry is tested without a child process. */
export type EngineFactory = (
  options: EngineOptions,
  events: {
    /** 0 to 1. */
    onProgress?: (fraction: number) => void;
    /** Ends the start, and what it has started, with CLOSED. */
    signal?: AbortSignal;
    /** The engine died and is being restarted, with its cause. */
    onCrash?: (error: Error) => void;
    onLog?: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
  },
) => Promise<Engine>;
