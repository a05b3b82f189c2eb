import { Interpreter, type Part, type Scope, type Value } from './jinja.js';
import { MAX_EVALUATION_DEPTH, TemplateLimitError, type RenderLimits } from './limits.js';
import { PREPARATIONS } from './preparations.js';
import { Scales, textOf, type Weight } from './values.js';

/** A part that was evaluated already. */
interface KnownPart extends Part {
  readonly known: Value;
}

/**
 * Jinja's interpreter with a limit on all that it does. Each part that is evaluated costs a step, and more by the size
 * of its result; operations whose result may be much larger than what goes in are checked before they are done.
 */
export class BoundedInterpreter extends Interpreter {
  readonly limits: RenderLimits;
  /** Parts below a macro or a call block, which are visited whenever it is defined. */
  readonly bodySizes: ReadonlyMap<Part, number>;
  readonly #scales = new Scales();
  #steps = 0;
  #depth = 0;

  constructor(
    environment: Scope,
    { limits, bodySizes }: { limits: RenderLimits; bodySizes: ReadonlyMap<Part, number> },
  ) {
    super(environment);
    this.limits = limits;
    this.bodySizes = bodySizes;
  }

  override evaluate(part: Part | undefined, environment: Scope): Value {
    if (part === undefined) return super.evaluate(part, environment);
    if (part.type === 'Known') return (part as KnownPart).known;
    this.charge(1);
    if (this.#depth >= MAX_EVALUATION_DEPTH) throw new TemplateLimitError('it calls itself too deep');
    this.#depth += 1;
    try {
      const prepare = PREPARATIONS.get(part.type);
      const { ready, finish } = prepare?.(this, part, environment) ?? { ready: part };
      const result = super.evaluate(ready, environment);
      this.#measure(result);
      return finish?.(result) ?? result;
    } finally {
      this.#depth -= 1;
    }
  }

  /** Evaluates a part now, so that its value can be looked at; what is returned stands for it. */
  known(part: Part, environment: Scope): KnownPart {
    return { type: 'Known', known: this.evaluate(part, environment) };
  }

  weigh(value: Value): Weight {
    const weight = this.#scales.weigh(value);
    this.allow(weight.values + weight.characters);
    return weight;
  }

  /** @throws TemplateLimitError if there are no more steps */
  charge(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.limits.steps) {
      throw new TemplateLimitError(`it takes more than ${this.limits.steps} steps`);
    }
  }

  /** @throws TemplateLimitError if something would be larger than allowed */
  allow(characters: number): void {
    if (characters > this.limits.characters) {
      throw new TemplateLimitError(`it makes a text of more than ${this.limits.characters} characters`);
    }
  }

  #measure(result: Value): void {
    const text = textOf(result);
    if (text !== undefined) {
      this.allow(text.length);
      this.charge(text.length / 64);
    } else if (result.type === 'UndefinedValue') {
      // Looking for a name that is not there costs an exception.
      this.charge(16);
    } else if (typeof result.value === 'object' && result.value !== null) {
      const { values, characters } = this.weigh(result);
      if (result.type === 'NamespaceValue') this.charge((result.value as ReadonlyMap<string, Value>).size);
      else this.charge((values + characters) / 4096);
    }
  }
}
