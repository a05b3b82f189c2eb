/** An entry of an archive; the fields besides name and data make it lie. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  /** Of compression; 0 is none. */
  readonly method?: number;
  readonly flags?: number;
  /** Length that the directory claims. */
  readonly bytes?: number;
  /** Length in the archive that the directory claims; default: `bytes`. */
  readonly storedBytes?: number;
  /** Offset that the directory claims. */
  readonly headerOffset?: number;
  /** Name in the entry's own header. */
  readonly localName?: string;
}

export interface ZipOptions {
  /** Sizes and offsets in 64-bit fields. */
  readonly wide?: boolean;
  /** Number of entries that the end record claims. */
  readonly count?: number;
}

const IN_EXTRA = 0xffffffff;

function uints(...fields: readonly (readonly [bits: 16 | 32 | 64, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([bits, value]) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigUInt64LE(BigInt(value));
      return buffer.subarray(0, bits / 8);
    }),
  );
}

/** A zip archive of stored entries, each with the padding that torch puts before the data. */
export function rawZip(entries: readonly ZipEntry[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const offsets: number[] = [];
  let position = 0;
  const add = (...buffers: readonly Uint8Array[]): void => {
    for (const buffer of buffers) {
      parts.push(Buffer.from(buffer));
      position += buffer.length;
    }
  };
  for (const { name, data, method = 0, flags = 0, localName = name } of entries) {
    offsets.push(position);
    const label = Buffer.from(localName);
    const padding = Buffer.concat([Buffer.from('FB'), uints([16, 3]), Buffer.from('ZZZ')]);
    const head = uints(
      [32, 0x04034b50],
      [16, 20],
      [16, flags],
      [16, method],
      [32, 0],
      [32, 0],
      [32, 0],
      [32, 0],
    );
    add(head, uints([16, label.length], [16, padding.length]), label, padding, data);
  }
  const directory = position;
  entries.forEach((entry, index) => {
    add(directoryEntry(entry, entry.headerOffset ?? offsets[index] ?? 0, options.wide ?? false));
  });
  add(endRecords(options.count ?? entries.length, directory, position - directory, options.wide ?? false));
  return Buffer.concat(parts);
}

function directoryEntry(entry: ZipEntry, offset: number, wide: boolean): Buffer {
  const bytes = entry.bytes ?? entry.data.length;
  const stored = entry.storedBytes ?? bytes;
  // A field of another kind comes first and has to be skipped.
  const foreign = Buffer.concat([uints([16, 0x5555], [16, 1]), Buffer.of(9)]);
  const extra = wide
    ? Buffer.concat([foreign, uints([16, 1], [16, 24], [64, bytes], [64, stored], [64, offset])])
    : Buffer.alloc(0);
  const name = Buffer.from(entry.name);
  const narrow = (value: number): number => (wide ? IN_EXTRA : value);
  return Buffer.concat([
    uints([32, 0x02014b50], [16, 20], [16, 20], [16, entry.flags ?? 0], [16, entry.method ?? 0]),
    uints([32, 0], [32, 0], [32, narrow(stored)], [32, narrow(bytes)]),
    uints([16, name.length], [16, extra.length], [16, 0], [16, 0], [16, 0], [32, 0], [32, narrow(offset)]),
    name,
    extra,
  ]);
}

function endRecords(count: number, offset: number, bytes: number, wide: boolean): Buffer {
  const narrow = (value: number, limit: number): number => (wide ? limit : value);
  const end = Buffer.concat([
    uints([32, 0x06054b50], [16, 0], [16, 0], [16, narrow(count, 0xffff)], [16, narrow(count, 0xffff)]),
    uints([32, narrow(bytes, IN_EXTRA)], [32, narrow(offset, IN_EXTRA)], [16, 0]),
  ]);
  if (!wide) return end;
  return Buffer.concat([
    uints([32, 0x06064b50], [64, 44], [16, 45], [16, 45], [32, 0], [32, 0]),
    uints([64, count], [64, count], [64, bytes], [64, offset]),
    uints([32, 0x07064b50], [32, 0], [64, offset + bytes], [32, 1]),
    end,
  ]);
}
