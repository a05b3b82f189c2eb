/** The llama.cpp release of node-llama-cpp's source bundle, for example "v0.5.0". */
export function llamaRelease(): Promise<string>;

/**
 * Checks files and folders of llama.cpp's source out of node-llama-cpp's git bundle.
 *
 * @param paths files or folders, relative to llama.cpp's root
 * @param destination folder that receives them under the same relative paths; made if absent
 */
export function extractFromBundle(paths: readonly string[], destination: string): Promise<void>;
