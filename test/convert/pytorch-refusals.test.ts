import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { DTYPE_BYTES } from '../../scripts/convert/checkpoint.js';
import { FormatError } from '../../scripts/convert/format-error.js';
import { openPytorch } from '../../scripts/convert/pytorch/reader.js';
import {
  dict,
  global,
  int,
  little,
  ops,
  orderedDict,
  type Pickle,
  reduce,
  storage,
  tensor,
  text,
  torchEntries,
  tuple,
  whole,
} from './raw-torch.js';
import { rawZip, type ZipEntry } from './raw-zip.js';
import { scratchFolder } from './scratch.js';

async function refuses(context: TestContext, file: Uint8Array, message: RegExp): Promise<void> {
  const path = join(await scratchFolder(context), 'pytorch_model.bin');
  await writeFile(path, file);
  await assert.rejects(openPytorch(path), (error) => {
    assert.ok(error instanceof FormatError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

type Case = readonly [kind: string, pickle: Pickle, message: RegExp];

function refusesPickles(cases: readonly Case[]): void {
  for (const [kind, pickle, message] of cases) {
    test(kind, (context) => refuses(context, rawZip(torchEntries(pickle)), message));
  }
}

const notAllowed = (name: string): RegExp =>
  new RegExp(`the global "${name.replaceAll('.', '\\.')}" is not allowed`);
const stackGlobal = (module: string, name: string): Pickle => ops(text(module), text(name), 0x93);
const rebuildTensor = global('torch._utils', '_rebuild_tensor_v2');
const getattr = global('builtins', 'getattr');

describe('a pickle that would run code is refused', () => {
  const command = text('touch owned');
  refusesPickles([
    ['os.system', whole(reduce(global('os', 'system'), command)), notAllowed('os.system')],
    ['posix.system', whole(reduce(global('posix', 'system'), command)), notAllowed('posix.system')],
    ['builtins.eval', whole(reduce(global('builtins', 'eval'), text('1'))), notAllowed('builtins.eval')],
    ['builtins.exec', whole(reduce(global('builtins', 'exec'), text('1'))), notAllowed('builtins.exec')],
    [
      '__builtin__.eval',
      whole(reduce(global('__builtin__', 'eval'), text('1'))),
      notAllowed('__builtin__.eval'),
    ],
    [
      'subprocess.Popen',
      whole(reduce(global('subprocess', 'Popen'), command)),
      notAllowed('subprocess.Popen'),
    ],
    ['torch.hub.load', whole(reduce(global('torch.hub', 'load'), command)), notAllowed('torch.hub.load')],
    [
      'a global behind a sound tensor',
      whole(dict({ w: tensor(), x: reduce(global('os', 'system'), command) })),
      notAllowed('os.system'),
    ],
    [
      'a name that continues an allowed one',
      whole(global('collections', 'OrderedDict.__class__')),
      notAllowed('collections.OrderedDict.__class__'),
    ],
    [
      'a name split elsewhere than torch does, with a line feed in it',
      whole(stackGlobal('os\n', 'system')),
      /the global "os\\n.system" is not allowed/,
    ],
    [
      'a chain of getattr',
      whole(reduce(getattr, reduce(getattr, global('torch', '_utils'), text('x')), text('system'))),
      notAllowed('builtins.getattr'),
    ],
    [
      'a reduce that calls the result of a reduce',
      whole(reduce(orderedDict, command)),
      /expected an allowed function for REDUCE to call, received a dict/,
    ],
    [
      'a reduce that calls a tensor',
      whole(reduce(tensor(), command)),
      /expected an allowed function for REDUCE to call, received a tensor/,
    ],
    [
      'a reduce that calls a text',
      whole(reduce(text('os.system'), command)),
      /expected an allowed function for REDUCE to call, received a text/,
    ],
    [
      'a reduce that calls a storage type',
      whole(reduce(global('torch', 'FloatStorage'), int(1))),
      /the global "torch.FloatStorage" may not be called/,
    ],
    [
      'STACK_GLOBAL with memoised texts',
      whole(ops(text('os'), 'q\0', text('system'), 'q\x01(t', 'h\0h\x01', 0x93)),
      notAllowed('os.system'),
    ],
    [
      'STACK_GLOBAL of an int',
      whole(ops(int(1), text('system'), 0x93)),
      /expected two texts for STACK_GLOBAL, received an int and a text/,
    ],
    [
      'INST',
      whole(ops('(', command, 'ios\nsystem\n')),
      /the opcode INST at byte \d+ of data.pkl is not allowed/,
    ],
    ['OBJ', whole(ops('(', global('collections', 'OrderedDict'), 'o')), /the opcode OBJ at byte \d+/],
    ['NEWOBJ', whole(ops(global('collections', 'OrderedDict'), ')', 0x81)), /the opcode NEWOBJ at byte \d+/],
    ['NEWOBJ_EX', whole(ops(global('collections', 'OrderedDict'), ')}', 0x92)), /the opcode NEWOBJ_EX at/],
    ['EXT1', whole(ops(0x82, 1)), /the opcode EXT1 at byte 2 of data.pkl is not allowed/],
    ['EXT2', whole(ops(0x83, 1, 0)), /the opcode EXT2 at/],
    ['EXT4', whole(ops(0x84, 1, 0, 0, 0)), /the opcode EXT4 at/],
    ['PERSID', whole(ops('Pstorage\n')), /the opcode PERSID at/],
    [
      'BUILD with __setstate__',
      whole(ops(orderedDict, dict({ __setstate__: global('torch', 'Size') }), 'b')),
      /the opcode BUILD is only allowed to give an OrderedDict its "_metadata"/,
    ],
    [
      'BUILD with more than the metadata',
      whole(ops(orderedDict, dict({ _metadata: orderedDict, __class__: int(1) }), 'b')),
      /the opcode BUILD is only allowed to give an OrderedDict its "_metadata"/,
    ],
    [
      'BUILD of a tensor',
      whole(ops(tensor(), dict({}), 'b')),
      /the opcode BUILD is not allowed for a tensor/,
    ],
    ['BUILD of a dict', whole(ops(dict({}), dict({}), 'b')), /the opcode BUILD is not allowed for a dict/],
    ['BUILD of a function', whole(ops(rebuildTensor, dict({}), 'b')), /BUILD is not allowed for a function/],
    ['an unknown opcode', whole(ops(0xff)), /the opcode 0xff at byte 2 of data.pkl is unknown/],
    ['a young protocol', ops(0x80, 6, '}.'), /expected a pickle of protocol 5 at most, received 6/],
  ]);
});

describe('a pickle that wants memory or time is refused', () => {
  const doubled = ops('}', ...Array.from({ length: 60 }, () => ops(0x94, 'h\0h\0', 0x86)));
  const exponential = ops(text('x'), ...Array.from({ length: 100 }, () => ops('q\0h\0', 0x86)));
  refusesPickles([
    ['memo entry that is not set', whole(ops('h\x05')), /the memo of data.pkl has no entry 5/],
    [
      'far memo entry that is not set',
      whole(ops('}r', 0xff, 0xff, 0xff, 0xff, 'h\0')),
      /the memo .* no entry 0/,
    ],
    ['memo of an empty stack', whole(ops('q\0')), /the stack of data.pkl underflows/],
    ['list in itself', whole(ops(']q\0h\0a')), /expected a dict of tensors in data.pkl, received a list/],
    ['dict in itself', whole(ops('}q\0', text('a'), 'h\0s')), /expected a tensor for "a", received a dict/],
    [
      'tuples doubled a hundred times',
      whole(dict({ w: exponential })),
      /expected a tensor for "w", received a tuple/,
    ],
    ['tuples left on the stack', whole(doubled), /60 values too many are left at the end of data.pkl/],
    [
      'int that claims 2 GiB',
      whole(ops(0x8b, little(2 ** 31 - 1, 4))),
      /at most 8 bytes, received one of 2147483647/,
    ],
    [
      'int of negative length',
      whole(ops(0x8b, little(-1, 4))),
      /an int of at most 8 bytes, received one of -1/,
    ],
    ['int of 255 bytes', whole(ops(0x8a, 255)), /an int of at most 8 bytes, received one of 255/],
    [
      'int that no double holds',
      whole(ops(0x8a, 8, little(2n ** 62n, 8))),
      /the int 4611686018427388000 is out/,
    ],
    [
      'text that claims 4 GiB',
      whole(ops('X', 0xff, 0xff, 0xff, 0xff)),
      /expected 4294967295 bytes for a text at byte 7 of data.pkl, which has 1 left/,
    ],
    [
      'text that claims 2^64 bytes',
      whole(ops(0x8d, little(-1n, 8))),
      /expected 18446744073709551615 bytes for a text/,
    ],
    ['bytes that claim 2^64', whole(ops(0x8e, little(-1n, 8))), /the opcode BINBYTES8 at byte 2/],
    [
      'frame past the end',
      whole(ops(0x95, little(2n ** 40n, 8))),
      /a frame of 1099511627776 bytes ends past the end/,
    ],
    ['marks nested without end', whole(ops('('.repeat(1001))), /more than 1000 marks are nested/],
    ['two million opcodes', whole(ops('}'.repeat(2_000_000))), /data.pkl has more than 2000000 opcodes/],
    [
      'GLOBAL without an end',
      whole(ops('c', 'a'.repeat(1000))),
      /a module of at most 256 bytes and a line feed/,
    ],
  ]);
});

describe('a malformed pickle is refused', () => {
  refusesPickles([
    ['empty', ops(), /data.pkl ends without STOP/],
    ['without STOP', ops(0x80, 2, '}'), /data.pkl ends without STOP/],
    ['bytes behind STOP', ops(whole(dict({})), '}'), /1 bytes follow the end of data.pkl's pickle/],
    ['nothing on the stack', ops(0x80, 2, '.'), /the stack of data.pkl underflows/],
    ['mark left', whole(ops('(}')), /a mark is left at the end/],
    ['pop below a mark', whole(ops('}(', 0x85)), /the stack of data.pkl underflows/],
    ['no mark', whole(ops('}t')), /needs a mark, and there is none/],
    ['cut in a number', ops('J\0'), /expected 4 bytes for a number at byte 1 of data.pkl, which has 1 left/],
    ['text that is not UTF-8', whole(ops('X', little(1, 4), 0xff)), /a text in data.pkl is not UTF-8/],
    ['key without a value', whole(ops('}(', text('a'), 'u')), /expected a value for every key of a dict/],
    [
      'key that is a tuple',
      whole(ops('}', tuple(), tensor(), 's')),
      /a text or an int for the key of a dict, received a/,
    ],
    [
      'items for a tuple',
      whole(ops(')', text('a'), tensor(), 's')),
      /expected a dict to put items in, received a tuple/,
    ],
    ['items for a dict', whole(ops('}', text('a'), 'a')), /expected a list to append to, received a dict/],
    [
      'tensor of one name twice',
      whole(ops('}(', text('w'), tensor(), text('w'), tensor(), 'u')),
      /the key "w" appears twice in a dict/,
    ],
    [
      'arguments that are no tuple',
      whole(ops(rebuildTensor, '}R')),
      /a tuple for the arguments of .* received a dict/,
    ],
  ]);
});

describe('what is no dict of tensors is refused', () => {
  refusesPickles([
    ['a tensor alone', whole(tensor()), /expected a dict of tensors in data.pkl, received a tensor/],
    [
      'a wrapped state dict',
      whole(dict({ state_dict: dict({}) })),
      /expected a tensor for "state_dict", received a dict/,
    ],
    ['an int', whole(dict({ w: tensor(), epoch: int(3) })), /expected a tensor for "epoch", received an int/],
    [
      'a float',
      whole(dict({ loss: ops('G', Buffer.alloc(8)) })),
      /expected a tensor for "loss", received a float/,
    ],
    ['a storage', whole(dict({ w: storage({}) })), /expected a tensor for "w", received a storage/],
    ['None', whole(dict({ w: ops('N') })), /expected a tensor for "w", received None/],
    [
      'a tensor of a number',
      whole(ops('}', int(1), tensor(), 's')),
      /the name of a tensor, received the int 1/,
    ],
    [
      'arguments for an OrderedDict',
      whole(reduce(global('collections', 'OrderedDict'), tuple())),
      /expected no arguments/,
    ],
    [
      'a torch.Size of an int',
      whole(reduce(global('torch', 'Size'), int(1))),
      /expected a tuple for torch.Size/,
    ],
  ]);
});

/** A tensor with its arguments replaced. */
function rebuilt(...values: readonly Pickle[]): Pickle {
  return whole(dict({ w: reduce(rebuildTensor, ...values) }));
}

const persistent = (...items: readonly Pickle[]): Pickle => whole(ops(tuple(...items), 'Q'));

describe('a tensor that is not what torch writes is refused', () => {
  const [no, none, one] = [ops(0x89), ops('N'), tuple(int(1))];
  const float = global('torch', 'FloatStorage');
  const one64 = tuple(...Array.from({ length: 65 }, () => int(1)));
  const of = (fields: Parameters<typeof tensor>[0]): Pickle => whole(dict({ w: tensor(fields) }));
  refusesPickles([
    [
      'persistent id that is no tuple',
      whole(ops(text('0'), 'Q')),
      /a tuple for a persistent id, received a text/,
    ],
    [
      'persistent id of another kind',
      persistent(text('module'), float, text('0'), text('cpu'), int(2)),
      /for a persistent id/,
    ],
    [
      'persistent id too short',
      persistent(text('storage'), float, text('0'), text('cpu')),
      /for a persistent id/,
    ],
    [
      'forged storage type',
      persistent(text('storage'), global('os', 'system'), text('0'), text('cpu'), int(2)),
      notAllowed('os.system'),
    ],
    [
      'allowed global as a storage type',
      persistent(text('storage'), rebuildTensor, text('0'), text('cpu'), int(2)),
      /expected a storage type in a persistent id, received "torch._utils._rebuild_tensor_v2"/,
    ],
    [
      'text as a storage type',
      persistent(text('storage'), text('FloatStorage'), text('0'), text('cpu'), int(2)),
      /expected a storage type in a persistent id, received a text/,
    ],
    ['unknown storage type', of({ dtype: 'QInt8Storage' }), notAllowed('torch.QInt8Storage')],
    [
      'key that is an int',
      persistent(text('storage'), float, int(0), text('cpu'), int(2)),
      /a text, a text and a count/,
    ],
    ['negative length', of({ length: -1 }), /a text, a text and a count/],
    ['key that leaves the folder', of({ key: '../0' }), /the storage key "..\/0" is no plain name/],
    ['absolute key', of({ key: '/etc/passwd' }), /the storage key "\/etc\/passwd" is no plain name/],
    ['key of two dots', of({ key: '..' }), /the storage key "\.\." is no plain name/],
    ['empty key', of({ key: '' }), /the storage key "" is no plain name/],
    ['key of no entry', of({ key: '7' }), /the data "7" of tensor "w" are not in the archive/],
    [
      'storage as a text',
      rebuilt(text('0'), int(0), one, one, no, orderedDict),
      /expected a storage for the first argument of _rebuild_tensor_v2, received a text/,
    ],
    ['too few arguments', rebuilt(storage({})), /expected a non-negative integer for the offset/],
    [
      'negative offset',
      of({ offset: -1 }),
      /a non-negative integer for the offset of a tensor of storage "0"/,
    ],
    ['negative size', of({ shape: [-1], length: 2 }), /non-negative integers for the shape and strides/],
    ['negative stride', of({ strides: [-1] }), /non-negative integers for the shape and strides/],
    [
      '65 dimensions',
      rebuilt(storage({}), int(0), one64, one64, no, orderedDict),
      /up to 64 non-negative integers/,
    ],
    [
      'strides for another shape',
      of({ strides: [1, 1] }),
      /as many strides as dimensions .* received 2 for 1/,
    ],
    ['hooks', rebuilt(storage({}), int(0), one, one, no, dict({ a: int(1) })), /expected no backward hooks/],
    ['None for hooks', rebuilt(storage({}), int(0), one, one, no, none), /expected no backward hooks/],
    [
      'requires_grad that is no bool',
      rebuilt(storage({}), int(0), one, one, int(1), orderedDict),
      /a bool for requires_grad/,
    ],
    [
      'negated lazily',
      rebuilt(storage({}), int(0), one, one, no, orderedDict, dict({ neg: ops(0x88) })),
      /the metadata of a tensor of storage "0" are not supported/,
    ],
    [
      'untyped storage without a type',
      of({ dtype: 'storage\nUntypedStorage' }),
      /the global "torch.storage" is not allowed/,
    ],
    [
      'parameter of a dict',
      whole(reduce(global('torch._utils', '_rebuild_parameter'), dict({}), no, orderedDict)),
      /expected a tensor for the first argument of _rebuild_parameter, received a dict/,
    ],
    [
      'shape that leaves the storage',
      of({ shape: [3], length: 2 }),
      /of shape \[3\], .* more elements than its storage, 2/,
    ],
    [
      'shape that overflows',
      of({ shape: [2 ** 40, 2 ** 40], strides: [0, 0], length: 2 }),
      /tensor "w" of shape \[1099511627776, 1099511627776\].* more elements than its storage/,
    ],
    [
      'repeated without strides',
      of({ shape: [9], strides: [0], length: 2 }),
      /more elements than its storage, 2/,
    ],
    [
      'offset that leaves the storage',
      of({ offset: 1 }),
      /and offset 1 reaches past the end of its storage of 2/,
    ],
    ['stride that leaves the storage', of({ strides: [2] }), /strides \[2\] .* reaches past the end/],
    ['stride that overflows', of({ strides: [2 ** 52] }), /reaches past the end of its storage/],
    [
      'empty tensor off the end',
      of({ shape: [0], length: 2, offset: 3 }),
      /reaches past the end of its storage/,
    ],
    [
      'length that is not its data',
      of({ length: 3 }),
      /the storage of tensor "w" takes 12 bytes, its data "0" have 8/,
    ],
    ['absurd length', of({ length: 2 ** 52 }), /takes 18014398509481984 bytes, its data "0" have 8/],
  ]);
});

describe('an archive that lies is refused', () => {
  const sound = torchEntries(whole(dict({ w: tensor() })));
  const [pickle, data] = sound;
  const replaced = (index: number, fields: Partial<ZipEntry>): Buffer =>
    rawZip(sound.map((entry, position) => (position === index ? { ...entry, ...fields } : entry)));
  const file = rawZip(sound);
  const lastHeader = file.lastIndexOf('PK\u0003\u0004');
  assert.ok(pickle !== undefined && data !== undefined);
  const damaged = (offset: number, ...bytes: readonly number[]): Buffer => {
    const copy = Buffer.from(file);
    copy.set(bytes, offset < 0 ? copy.length + offset : offset);
    return copy;
  };
  const cases: readonly (readonly [kind: string, file: Uint8Array, message: RegExp])[] = [
    ['empty file', Buffer.alloc(0), /received a file of 0 bytes that begins with ""/],
    ['another file', Buffer.from('MZ..'), /received a file of 4 bytes that begins with "4d5a2e2e"/],
    [
      'a pickle of old',
      ops(0x80, 2, 0x8a, 10),
      /received a pickle of torch before 1.6, which is not supported/,
    ],
    ['a tar of old', Buffer.from(`${'\0'.repeat(257)}ustar`), /received a tar archive of torch before 0.2/],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1'),
      /received a Git LFS pointer/,
    ],
    ['only its beginning', file.subarray(0, 10), /the archive has only 10 bytes/],
    ['cut off', file.subarray(0, -1), /does not end with the end record of a zip archive: it is truncated/],
    ['bytes behind it', Buffer.concat([file, Buffer.alloc(1)]), /does not end with the end record/],
    [
      'two entries of one name',
      rawZip([...sound, data]),
      /the archive has two entries named "archive\/data\/0"/,
    ],
    ['no data.pkl', rawZip(sound.slice(1)), /there is no data.pkl in the archive/],
    ['data.pkl in the wrong place', replaced(0, { name: 'data.pkl' }), /there is no data.pkl in the archive/],
    ['two data.pkl', rawZip([...sound, { ...pickle, name: 'b/data.pkl' }]), /has more than one data.pkl/],
    [
      'compressed data that claim to be large (a bomb)',
      replaced(1, { method: 8, bytes: 2 ** 32 - 2, storedBytes: 8 }),
      /the entry "archive\/data\/0" of the archive is compressed \(method 8\), which torch never does/,
    ],
    [
      'data larger than stored',
      replaced(1, { bytes: 1000, storedBytes: 8 }),
      /has 1000 bytes in 8 without being compressed/,
    ],
    ['data past the end', replaced(1, { bytes: 2 ** 31 }), /ends past the last entry's end/],
    [
      'data over the next entry',
      replaced(1, { bytes: 60 }),
      /the entry "archive\/byteorder" .* overlaps the one before/,
    ],
    [
      'entries in one place',
      rawZip([...sound, { ...pickle, name: 'archive/x', headerOffset: 0 }]),
      /overlaps the one/,
    ],
    [
      'entry that is encrypted',
      replaced(1, { flags: 1 }),
      /the entry "archive\/data\/0" of the archive is encrypted/,
    ],
    [
      'other name in the header',
      replaced(1, { localName: 'archive/data/1' }),
      /has another name in its own header/,
    ],
    ['no header', damaged(lastHeader, 0), /the entry "archive\/version" of the archive has no header/],
    [
      'compression in the header alone',
      damaged(lastHeader + 8, 8),
      /"archive\/version" .* compressed in its own header/,
    ],
    [
      '64-bit sizes that are not there',
      replaced(1, { bytes: 2 ** 32 - 1 }),
      /the entry "archive\/data\/0" of the archive has no 64-bit sizes where its header points to them/,
    ],
    ['header past the end', replaced(3, { headerOffset: 2 ** 31 }), /lies past the end of the entries/],
    ['more entries claimed', rawZip(sound, { count: 9 }), /the archive claims 9 entries and has 4/],
    [
      'a billion entries',
      rawZip(sound, { count: 2 ** 30, wide: true }),
      /at most 200000 entries .* received 1073741824/,
    ],
    ['directory elsewhere', damaged(-6, 0xff), /the central directory does not reach to the end record/],
    [
      'directory of garbage',
      damaged(file.readUInt32LE(file.length - 6), 0),
      /expected an entry at byte 0 of the central/,
    ],
    [
      'name that is not UTF-8',
      damaged(file.readUInt32LE(file.length - 6) + 46, 0xff),
      /name in the archive is not UTF-8/,
    ],
    [
      'big-endian data',
      replaced(2, { data: Buffer.from('big') }),
      /expected the byte order "little", received "big"/,
    ],
    [
      'long byte order',
      replaced(2, { data: Buffer.alloc(17) }),
      /expected at most 16 bytes for byteorder, received 17/,
    ],
    [
      'TorchScript',
      rawZip([...sound, { name: 'archive/constants.pkl', data: new Uint8Array(1) }]),
      /the file is a TorchScript archive, which holds code/,
    ],
    [
      'data.pkl over its limit',
      replaced(0, { data: Buffer.alloc(64 * 1024 * 1024 + 1) }),
      /at most 67108864 bytes for data.pkl/,
    ],
  ];
  for (const [kind, bytes, message] of cases) test(kind, (context) => refuses(context, bytes, message));

  test('a folder', async (context) => {
    await assert.rejects(openPytorch(await scratchFolder(context)), /expected a regular file/);
  });
});

test('no damaged bit leads to anything but a refusal or tensors of the right size', async (context) => {
  const state = dict({
    w: tensor({ shape: [2, 3], strides: [1, 2] }),
    v: tensor({ key: '1', dtype: 'F16' }),
  });
  const file = rawZip(torchEntries(whole(state), { 0: new Uint8Array(24), 1: new Uint8Array(4) }));
  const path = join(await scratchFolder(context), 'pytorch_model.bin');
  let refused = 0;
  for (let offset = 0; offset < file.length; offset += 7) {
    const copy = Buffer.from(file);
    copy[offset] = (copy[offset] ?? 0) ^ (1 << (offset % 8));
    await writeFile(path, copy);
    try {
      await readAll(path);
    } catch (error) {
      assert.ok(error instanceof FormatError, `byte ${offset}: ${String(error)}`);
      refused += 1;
    }
  }
  assert.ok(refused > file.length / 14, `${refused} refused`);
});

async function readAll(path: string): Promise<void> {
  const checkpoint = await openPytorch(path);
  try {
    for (const [name, { dtype, shape }] of checkpoint.tensors) {
      const bytes = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
      assert.equal((await checkpoint.read(name)).length, bytes);
    }
  } finally {
    await checkpoint.close();
  }
}
