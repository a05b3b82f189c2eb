import * as jinja from '@huggingface/jinja';

/** A part of a template's syntax tree. */
export interface Part {
  readonly type: string;
}

/** A value of a template. */
export interface Value {
  readonly type: string;
  readonly value: unknown;
  /** Methods and properties of its type. */
  readonly builtins: ReadonlyMap<string, Value>;
}

/** The variables of a scope. */
export interface Scope {
  /** Declares a variable: what JSON can hold, or a function of such. */
  set(name: string, value: unknown): Value;
}

/** What is used of @huggingface/jinja 0.5.11, whose own declarations TypeScript's node resolution can't follow. */
interface Jinja {
  readonly Environment: new () => Scope;
  readonly Interpreter: new (scope: Scope) => {
    /** Calls itself for each part below. */
    evaluate(part: Part | undefined, scope: Scope): Value;
  };
  readonly tokenize: (text: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }) => unknown[];
  readonly parse: (tokens: unknown[]) => Part;
}

const { Environment, Interpreter, tokenize, parse } = jinja as unknown as Jinja;

export { Environment, Interpreter };

/**
 * The syntax tree of a template, with transformers' treatment of white space around blocks.
 *
 * @throws Error of any kind if it is no template, or nested too deep
 */
export function parseJinja(text: string): Part {
  return parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true }));
}

/** A value of what JSON can hold. */
export function toValue(value: unknown): Value {
  return new Environment().set('value', value);
}
