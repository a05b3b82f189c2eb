import { loadAddon, type NativeModel } from '../../../src/engine/addon.js';
import { openBackend } from '../../../src/engine/backend.js';
import { checkGrammar } from '../../../src/generation/grammar.js';
import { jsonSchemaGrammar } from '../../../src/generation/json-schema/json-schema.js';
import { shippedModel } from '../../engine/shipped-model.js';
import { shippedTokenBytes } from '../../native/token-bytes.js';

/** Tells whether a grammar has a text: the machine that constrains generation reads it byte by byte. */
export class Matcher {
  readonly #addon: ReturnType<typeof loadAddon>;
  readonly #model: NativeModel;
  readonly #tokens: ReadonlyMap<number, number>;

  private constructor(addon: ReturnType<typeof loadAddon>, model: NativeModel) {
    this.#addon = addon;
    this.#model = model;
    const bytes = shippedTokenBytes(model).map((piece, id): [number, number] => [
      piece.length === 1 ? (piece[0] ?? 0) : -1,
      id,
    ]);
    this.#tokens = new Map(bytes);
  }

  static async open(): Promise<Matcher> {
    const addon = loadAddon();
    await openBackend(addon, 'off');
    const model = await addon.loadModel({ path: shippedModel, gpuLayers: 0, adapters: [] }, () => undefined);
    return new Matcher(addon, model);
  }

  /** Whether the schema's grammar has the whole text; the schema must be one that is supported. */
  accepts(schema: unknown, text: string): boolean {
    const gbnf = jsonSchemaGrammar(schema);
    checkGrammar(gbnf);
    const row = this.#addon.createGrammar(this.#model, gbnf, false);
    try {
      for (const byte of Buffer.from(text)) row.accept(this.#tokens.get(byte) ?? -1);
    } catch (error) {
      if (error instanceof Error && error.message.includes('does not permit')) return false;
      throw error;
    }
    return this.#model.info().eosTokenIds.some((id) => row.mask()[id] === 1);
  }
}
