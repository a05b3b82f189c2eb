/** What a rendering may take. Templates come with models of strangers, so all of it is bounded. */
export interface RenderLimits {
  /** Evaluated parts, and a part more for every 64 characters they give. */
  readonly steps: number;
  /** Characters of the output, and of any text on the way to it. */
  readonly characters: number;
}

/** UTF-16 units of a template at most. */
export const MAX_TEMPLATE_LENGTH = 262_144;
/** White space in a row: what strips it takes the square of that. */
export const MAX_WHITE_SPACE = 256;
/** How deep evaluations may lie in one another, macros included. */
export const MAX_EVALUATION_DEPTH = 1000;
/** How deep lists and objects may lie in one another. */
export const MAX_VALUE_DEPTH = 160;
/** Numbers of a `range()`, and parts of a `split()`. */
export const MAX_LIST_LENGTH = 100_000;
/** Spaces that a filter indents by. */
export const MAX_INDENT = 64;

/**
 * What rendering a conversation may take.
 *
 * @param size its characters and values, as `weigh` counts them
 */
export function limitsFor(size: number): RenderLimits {
  return { steps: 500_000 + 16 * size, characters: 1_048_576 + 8 * size };
}

/** A template broke a limit, or has something that it can't be rendered with. */
export class TemplateLimitError extends Error {}

/** What a template itself refuses, with `raise_exception`; the message is the template's. */
export class TemplateRefusal extends Error {}
