import type { NewTensor } from '../raw-safetensors.js';

/** Writes a PyTorch zip file of tensors by name, in the order given. */
export type TorchWriter = (path: string, tensors: readonly NewTensor[]) => Promise<void>;

/** Undefined while the converter reads no PyTorch files: the cases that need it are then left out. */
export const writeTorch: TorchWriter | undefined = undefined as TorchWriter | undefined;
