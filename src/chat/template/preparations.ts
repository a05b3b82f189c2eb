import type { BoundedInterpreter } from './bounded-interpreter.js';
import { checkFilter, checkMethod } from './growth.js';
import type { Part, Scope, Value } from './jinja.js';
import { entriesOf, textOf } from './values.js';

/** What is evaluated in a part's place, and what becomes of its result. */
interface Prepared {
  readonly ready: Part;
  readonly finish?: (result: Value) => Value;
}

/** Evaluates what a part works on, refuses what would take or give too much, and hands on the values. */
type Prepare = (interpreter: BoundedInterpreter, part: Part, environment: Scope) => Prepared;

/** Fields of the syntax tree that are looked at here; each kind of part has some of them. */
interface Fields extends Part {
  readonly operator: { readonly value: string };
  readonly left: Part;
  readonly right: Part;
  readonly iterable: Part;
  readonly lhs: Part;
  readonly object: Part;
  readonly property: Part;
  readonly computed: boolean;
  readonly operand: Part;
  readonly filter: Fields;
  readonly callee: Fields;
  readonly args: readonly Fields[];
  readonly argument: Part;
  readonly key: { readonly value: string };
  readonly value: unknown;
  readonly body: readonly Part[];
  readonly assignee: Fields;
}

/** By type of the part. */
export const PREPARATIONS: ReadonlyMap<string, Prepare> = new Map<string, Prepare>([
  ['BinaryExpression', prepareBinary],
  ['For', prepareFor],
  ['MemberExpression', prepareMember],
  ['FilterExpression', prepareFilter],
  ['FilterStatement', prepareFilterStatement],
  ['TestExpression', prepareTest],
  ['Macro', prepareMacro],
  ['CallStatement', prepareMacro],
  ['Set', prepareSet],
]);

function prepareBinary(interpreter: BoundedInterpreter, part: Part, environment: Scope): Prepared {
  const { operator, left, right } = part as Fields;
  if (operator.value === 'and' || operator.value === 'or') return { ready: part };
  const [first, second] = [interpreter.known(left, environment), interpreter.known(right, environment)];
  const sizes = [first, second].map(({ known }) => interpreter.weigh(known).characters);
  const [least, sum] = [Math.min(...sizes), sizes.reduce((a, b) => a + b)];
  if (operator.value === '+' || operator.value === '~') interpreter.allow(sum);
  if (operator.value.endsWith('in')) chargeSearch(interpreter, second.known, textOf(first.known));
  else interpreter.charge((typeof first.known.value === 'object' ? sum : least) / 64);
  return { ready: { ...part, left: first, right: second } as Part };
}

/** Looking for a text in another may take the product of both; for an entry of a list, its length. */
function chargeSearch(interpreter: BoundedInterpreter, where: Value, what: string | undefined): void {
  const text = textOf(where);
  if (text !== undefined) interpreter.charge((text.length * Math.max(1, what?.length ?? 1)) / 2048);
  interpreter.charge((entriesOf(where)?.length ?? 0) / 8);
}

function prepareFor(interpreter: BoundedInterpreter, part: Part, environment: Scope): Prepared {
  const { iterable } = part as Fields;
  const selects = iterable.type === 'SelectExpression';
  const known = interpreter.known(selects ? (iterable as Fields).lhs : iterable, environment);
  interpreter.charge(4 * (entriesOf(known.known)?.length ?? 0));
  if (known.known.value instanceof Map) interpreter.charge(4 * known.known.value.size);
  return { ready: { ...part, iterable: selects ? { ...iterable, lhs: known } : known } as Part };
}

function prepareMember(interpreter: BoundedInterpreter, part: Part, environment: Scope): Prepared {
  const { object, computed, property } = part as Fields;
  const known = interpreter.known(object, environment);
  const owner = known.known;
  if (computed && property.type === 'SliceExpression') {
    interpreter.charge((textOf(owner) ?? entriesOf(owner) ?? '').length / 8);
  }
  const ready = { ...part, object: known } as Part;
  return { ready, finish: (result) => boundMethod(interpreter, owner, result) };
}

/** A method that is checked whenever it is called, whatever name it goes by then. */
function boundMethod(interpreter: BoundedInterpreter, owner: Value, method: Value): Value {
  if (method.type !== 'FunctionValue') return method;
  const name = ['replace', 'split'].find((each) => owner.builtins.get(each) === method) ?? '';
  const call = method.value as (args: Value[], scope: Scope) => Value;
  const { constructor: FunctionValue } = method as unknown as { constructor: new (value: unknown) => Value };
  return new FunctionValue((args: Value[], scope: Scope) => {
    checkMethod(interpreter, owner, { name, args });
    return call(args, scope);
  });
}

function prepareFilter(interpreter: BoundedInterpreter, part: Part, environment: Scope): Prepared {
  const { operand, filter } = part as Fields;
  const known = interpreter.known(operand, environment);
  const name = filter.type === 'Identifier' ? filter.value : filter.callee.value;
  const args = new Map<string, Value>();
  let ready = filter;
  // These two look at their arguments as they are written, and give no more than they are given.
  if (filter.type === 'CallExpression' && name !== 'selectattr' && name !== 'rejectattr') {
    ready = { ...filter, args: knownArguments(interpreter, filter.args, { environment, found: args }) };
  }
  checkFilter(interpreter, known.known, { name: String(name), args });
  return { ready: { ...part, operand: known, filter: ready } as Part };
}

/** Evaluates arguments; `found` gets them by their number or name, those of an unpacked object too. */
function knownArguments(
  interpreter: BoundedInterpreter,
  args: readonly Fields[],
  { environment, found }: { environment: Scope; found: Map<string, Value> },
): Fields[] {
  let position = 0;
  return args.map((argument) => {
    if (argument.type === 'KeywordArgumentExpression') {
      const known = interpreter.known(argument.value as Part, environment);
      found.set(argument.key.value, known.known);
      return { ...argument, value: known };
    }
    if (argument.type === 'SpreadExpression' || argument.type === 'KeywordSpreadExpression') {
      const known = interpreter.known(argument.argument, environment);
      for (const entry of entriesOf(known.known) ?? []) found.set(String(position++), entry);
      if (known.known.value instanceof Map) {
        for (const [key, value] of known.known.value as ReadonlyMap<string, Value>) found.set(key, value);
      }
      return { ...argument, argument: known };
    }
    const known = interpreter.known(argument, environment);
    found.set(String(position++), known.known);
    return known as unknown as Fields;
  });
}

/** {% filter %} as the expression that it is. */
function prepareFilterStatement(interpreter: BoundedInterpreter, part: Part, environment: Scope): Prepared {
  const { body, filter } = part as Fields;
  const operand = { type: 'Program', body };
  return prepareFilter(
    interpreter,
    { type: 'FilterExpression', operand, filter } as unknown as Part,
    environment,
  );
}

function prepareTest(interpreter: BoundedInterpreter, part: Part, environment: Scope): Prepared {
  const operand = interpreter.known((part as Fields).operand, environment);
  interpreter.charge((textOf(operand.known)?.length ?? 0) / 64);
  return { ready: { ...part, operand } as Part };
}

/** A macro's body is searched for two names whenever the macro is defined. */
function prepareMacro(interpreter: BoundedInterpreter, part: Part): Prepared {
  interpreter.charge(interpreter.bodySizes.get(part) ?? 0);
  return { ready: part };
}

/** What a namespace is given may hold no namespace: so none comes to hold itself. */
function prepareSet(interpreter: BoundedInterpreter, part: Part, environment: Scope): Prepared {
  const { assignee, value } = part as Fields;
  if (assignee.type !== 'MemberExpression') return { ready: part };
  const finish = (result: Value): Value => {
    interpreter.weigh(interpreter.evaluate(assignee.object, environment));
    return result;
  };
  if (value === null) return { ready: part, finish };
  const known = interpreter.known(value as Part, environment);
  return { ready: { ...part, value: known } as Part, finish };
}
