import type { FetchOptions } from './hub/snapshot.js';
import type { ConversionListeners } from './write-tensors.js';

/** Options under which downloads are shown as a phase of the conversion. */
export function fetching({ onProgress }: ConversionListeners): FetchOptions {
  return {
    onProgress: ({ bytes, totalBytes }) => {
      onProgress?.({ phase: 'download', fraction: totalBytes === 0 ? 1 : bytes / totalBytes, bytes });
    },
  };
}
