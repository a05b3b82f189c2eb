import type { FileHandle } from 'node:fs/promises';

import { type Checkpoint, DTYPE_BYTES } from '../checkpoint.js';
import { quote } from '../format-error.js';
import { readExactly } from '../read-exactly.js';
import { openRegular } from '../regular-file.js';
import { openArchive } from './archive.js';
import { fault } from './fault.js';
import { type StoredView, stateDictTensors } from './state-dict.js';
import { gather } from './strided.js';
import { unpickle } from './unpickle.js';

/**
 * Opens a state dict that torch.save wrote (`pytorch_model.bin`, `adapter_model.bin`): nothing in it is run,
 * and data is read tensor by tensor.
 *
 * @returns tensors in the dict's order
 * @throws FormatError naming the first rule that the file breaks, or the opcode or global that is not allowed
 */
export async function openPytorch(path: string): Promise<Checkpoint> {
  const handle = await openRegular(path);
  try {
    const archive = await openArchive(handle);
    return new PytorchFile(path, handle, stateDictTensors(unpickle(archive.pickle), archive));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class PytorchFile implements Checkpoint {
  readonly tensors: ReadonlyMap<string, StoredView>;
  readonly files: readonly string[];
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle, tensors: ReadonlyMap<string, StoredView>) {
    this.tensors = tensors;
    this.files = [path];
    this.#handle = handle;
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw fault(`there is no tensor ${quote(name)}`);
    const elementBytes = DTYPE_BYTES[tensor.dtype];
    return gather(tensor, elementBytes, async (begin, end) => {
      const bytes = new Uint8Array((end - begin) * elementBytes);
      await readExactly(this.#handle, bytes, tensor.storageOffset + begin * elementBytes);
      return bytes;
    });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
