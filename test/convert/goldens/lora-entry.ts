import { convertCheckpoint, type ConvertOptions } from '../../../scripts/convert/convert.js';

interface AdapterConversion {
  readonly adapter: string;
  readonly base: string;
  readonly outtype: 'f32' | 'f16';
  readonly outfile: string;
}

interface LoraModule {
  readonly convertAdapter: (options: AdapterConversion) => Promise<unknown>;
}

/** The converter of adapters alone, loaded when it is called: this file compiles without it. */
export async function convertAdapter(options: AdapterConversion): Promise<void> {
  const address = new URL('../../../scripts/convert/lora/index.js', import.meta.url);
  const module = (await import(address.href)) as LoraModule;
  await module.convertAdapter(options);
}

/** Converts a checkpoint with adapters merged into it. */
export async function convertMerged(
  options: ConvertOptions & {
    readonly adapters: readonly { readonly folder: string; readonly scale: number }[];
  },
): Promise<string> {
  return (await convertCheckpoint(options)).outfile;
}
