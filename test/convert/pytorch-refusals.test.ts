import { describe } from 'node:test';

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
  tuple,
  whole,
} from './raw-torch.js';
import { notAllowed, refusesPickles } from './refuses-torch.js';

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
