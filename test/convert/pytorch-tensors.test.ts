import { describe } from 'node:test';

import {
  dict,
  global,
  int,
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

const rebuildTensor = global('torch._utils', '_rebuild_tensor_v2');

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
