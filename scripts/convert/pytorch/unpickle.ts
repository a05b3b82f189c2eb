import { fault } from './fault.js';
import { PickleMachine } from './machine.js';
import { OPCODES } from './opcodes.js';
import { REFUSED_OPCODES } from './refused-opcodes.js';
import type { PickleValue } from './values.js';

const STOP = 0x2e;
/** A tensor takes about 35; the largest state dicts have some ten thousand tensors. */
const MAX_OPCODES = 2_000_000;

/**
 * Reads a pickle without running anything: opcodes and globals off the lists are refused. Time and memory are
 * bounded by the length of the pickle, and by two million opcodes.
 *
 * @throws FormatError naming the opcode, global or rule
 */
export function unpickle(bytes: Buffer): PickleValue {
  const machine = new PickleMachine(bytes);
  for (let count = 0; count < MAX_OPCODES; count += 1) {
    if (machine.remaining === 0) throw fault('data.pkl ends without STOP');
    const position = machine.position;
    const code = machine.take(1, 'an opcode').readUInt8();
    if (code === STOP) return machine.finish();
    const opcode = OPCODES.get(code);
    if (opcode === undefined) throw refusal(code, position);
    opcode.run(machine);
  }
  throw fault(`data.pkl has more than ${MAX_OPCODES} opcodes`);
}

function refusal(code: number, position: number): Error {
  const name = REFUSED_OPCODES.get(code);
  if (name !== undefined) return fault(`the opcode ${name} at byte ${position} of data.pkl is not allowed`);
  return fault(
    `the opcode 0x${code.toString(16).padStart(2, '0')} at byte ${position} of data.pkl is unknown`,
  );
}
