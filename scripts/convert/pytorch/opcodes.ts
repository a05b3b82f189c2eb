import { fault } from './fault.js';
import { callGlobal, findGlobal, persistentStorage } from './globals.js';
import type { PickleMachine } from './machine.js';
import { kindOf, PickledDict, PickledFloat, PickledList, PickledTuple } from './values.js';

/** The youngest protocol of pickle; torch writes 2 unless told otherwise. */
const MAX_PROTOCOL = 5;

interface Opcode {
  /** As Python's pickletools calls it. */
  readonly name: string;
  readonly run: (machine: PickleMachine) => void;
}

function opcode(code: number, name: string, run: Opcode['run']): readonly [number, Opcode] {
  return [code, { name, run }];
}

const uint8 = (machine: PickleMachine): number => machine.take(1, 'a byte').readUInt8();
const uint32 = (machine: PickleMachine): number => machine.take(4, 'a number').readUInt32LE();
const uint64 = (machine: PickleMachine): bigint => machine.take(8, 'a number').readBigUInt64LE();

/** What an unpickler of state dicts has to know; none of them runs anything. */
export const OPCODES: ReadonlyMap<number, Opcode> = new Map([
  opcode(0x80, 'PROTO', checkProtocol),
  opcode(0x95, 'FRAME', checkFrame),
  opcode(0x28, 'MARK', (machine) => {
    machine.mark();
  }),
  ...constants(),
  ...texts(),
  ...containers(),
  ...memo(),
  opcode(0x63, 'GLOBAL', (machine) => {
    machine.push(findGlobal(machine.line('a module'), machine.line('a name')));
  }),
  opcode(0x93, 'STACK_GLOBAL', stackGlobal),
  opcode(0x52, 'REDUCE', (machine) => {
    const values = machine.pop();
    machine.push(callGlobal(machine.pop(), values));
  }),
  opcode(0x62, 'BUILD', checkAttributes),
  opcode(0x51, 'BINPERSID', (machine) => {
    machine.push(persistentStorage(machine.pop()));
  }),
]);

function constants(): (readonly [number, Opcode])[] {
  return [
    opcode(0x4e, 'NONE', (machine) => {
      machine.push(null);
    }),
    opcode(0x88, 'NEWTRUE', (machine) => {
      machine.push(true);
    }),
    opcode(0x89, 'NEWFALSE', (machine) => {
      machine.push(false);
    }),
    opcode(0x4b, 'BININT1', (machine) => {
      machine.push(uint8(machine));
    }),
    opcode(0x4d, 'BININT2', (machine) => {
      machine.push(machine.take(2, 'a number').readUInt16LE());
    }),
    opcode(0x4a, 'BININT', (machine) => {
      machine.push(machine.take(4, 'a number').readInt32LE());
    }),
    opcode(0x8a, 'LONG1', (machine) => {
      machine.push(long(machine, uint8(machine)));
    }),
    opcode(0x8b, 'LONG4', (machine) => {
      machine.push(long(machine, machine.take(4, 'a number').readInt32LE()));
    }),
    opcode(0x47, 'BINFLOAT', (machine) => {
      machine.push(new PickledFloat(machine.take(8, 'a float').readDoubleBE()));
    }),
  ];
}

function texts(): (readonly [number, Opcode])[] {
  const text = (code: number, name: string, length: (machine: PickleMachine) => number | bigint) =>
    opcode(code, name, (machine) => {
      machine.push(machine.text(length(machine), 'a text'));
    });
  return [
    text(0x8c, 'SHORT_BINUNICODE', uint8),
    text(0x58, 'BINUNICODE', uint32),
    text(0x8d, 'BINUNICODE8', uint64),
  ];
}

function containers(): (readonly [number, Opcode])[] {
  const tuple = (code: number, length: 1 | 2 | 3) =>
    opcode(code, `TUPLE${length}`, (machine) => {
      machine.push(new PickledTuple(Array.from({ length }, () => machine.pop()).reverse()));
    });
  return [
    opcode(0x29, 'EMPTY_TUPLE', (machine) => {
      machine.push(new PickledTuple([]));
    }),
    tuple(0x85, 1),
    tuple(0x86, 2),
    tuple(0x87, 3),
    opcode(0x74, 'TUPLE', (machine) => {
      machine.push(new PickledTuple(machine.popToMark()));
    }),
    opcode(0x7d, 'EMPTY_DICT', (machine) => {
      machine.push(new PickledDict(false));
    }),
    opcode(0x73, 'SETITEM', (machine) => {
      const value = machine.pop();
      machine.setItems([machine.pop(), value]);
    }),
    opcode(0x75, 'SETITEMS', (machine) => {
      machine.setItems(machine.popToMark());
    }),
    opcode(0x5d, 'EMPTY_LIST', (machine) => {
      machine.push(new PickledList());
    }),
    opcode(0x61, 'APPEND', (machine) => {
      machine.pop();
      checkList(machine);
    }),
    opcode(0x65, 'APPENDS', (machine) => {
      machine.popToMark();
      checkList(machine);
    }),
  ];
}

function memo(): (readonly [number, Opcode])[] {
  return [
    opcode(0x71, 'BINPUT', (machine) => {
      machine.memoize(uint8(machine));
    }),
    opcode(0x72, 'LONG_BINPUT', (machine) => {
      machine.memoize(uint32(machine));
    }),
    opcode(0x94, 'MEMOIZE', (machine) => {
      machine.memoize();
    }),
    opcode(0x68, 'BINGET', (machine) => {
      machine.recall(uint8(machine));
    }),
    opcode(0x6a, 'LONG_BINGET', (machine) => {
      machine.recall(uint32(machine));
    }),
  ];
}

function checkProtocol(machine: PickleMachine): void {
  const protocol = uint8(machine);
  if (protocol > MAX_PROTOCOL) {
    throw fault(`expected a pickle of protocol ${MAX_PROTOCOL} at most, received ${protocol}`);
  }
}

function checkFrame(machine: PickleMachine): void {
  const length = uint64(machine);
  if (length > machine.remaining) {
    throw fault(`a frame of ${length.toString()} bytes ends past the end of data.pkl`);
  }
}

/** A two's-complement integer of `length` bytes. Sizes and offsets are all that torch puts there. */
function long(machine: PickleMachine, length: number): number {
  if (length < 0 || length > 8) throw fault(`expected an int of at most 8 bytes, received one of ${length}`);
  const bytes = machine.take(length, 'an int');
  const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const number = Number(BigInt.asIntN(8 * length, value));
  if (!Number.isSafeInteger(number)) throw fault(`the int ${number} is out of range`);
  return number;
}

function stackGlobal(machine: PickleMachine): void {
  const name = machine.pop();
  const module = machine.pop();
  if (typeof module !== 'string' || typeof name !== 'string') {
    throw fault(`expected two texts for STACK_GLOBAL, received ${kindOf(module)} and ${kindOf(name)}`);
  }
  machine.push(findGlobal(module, name));
}

/** A list's items are dropped: nothing that is read can be in one. */
function checkList(machine: PickleMachine): void {
  const target = machine.top();
  if (!(target instanceof PickledList))
    throw fault(`expected a list to append to, received ${kindOf(target)}`);
}

/** The one attribute that state dicts have is "_metadata", the versions of modules, which say nothing of weights. */
function checkAttributes(machine: PickleMachine): void {
  const state = machine.pop();
  const target = machine.top();
  if (!(target instanceof PickledDict && target.ordered)) {
    throw fault(`the opcode BUILD is not allowed for ${kindOf(target)}`);
  }
  const metadata =
    state instanceof PickledDict && state.size === 1 ? state.entries.get('_metadata') : undefined;
  if (!(metadata instanceof PickledDict)) {
    throw fault('the opcode BUILD is only allowed to give an OrderedDict its "_metadata"');
  }
}
