export {
  type AdapterConversionResult,
  convertAdapter,
  type ConvertAdapterOptions,
} from './convert-adapter.js';
export { type AdapterChoice, mergeAdapters, type MergedSource, type MergeOptions } from './merge.js';
export { ADAPTER_TYPES, type AdapterOutputType } from './runtime-file.js';
