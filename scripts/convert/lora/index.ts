export type { OpenPickled } from './adapter.js';
export { type AdapterChoice, mergeAdapters, type MergedSource, type MergeOptions } from './merge.js';
