import { generic } from './generic.js';
import { hermes } from './hermes.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';

/** How a model writes calls: marker, opening, calls with the separator between them, closing. */
export interface ToolFormat {
  readonly name: string;
  /** Whether a template's text is of this format. */
  matches(template: string): boolean;
  /** What no reply has but before its calls; empty: a reply that begins with a call is one. */
  readonly marker: string;
  /** Between the marker and the first call. */
  readonly opening: string;
  readonly separator: string;
  readonly closing: string;
  /** Key of a call's arguments; its name stands before it, in `name`. */
  readonly argumentsKey: 'arguments' | 'parameters';
  /** Whether a reply may have several calls. */
  readonly severalCalls: boolean;
  /** Id of a new call. */
  newId(): string;
  /** What a client's id becomes where the template wants ids of its own kind. */
  idOf(id: string): string;
}

/** What tells a format apart comes before what most templates have. */
const FORMATS: readonly ToolFormat[] = [mistral, hermes, llama, generic];

/** The format of a template that knows tools. */
export function formatOf(template: string): ToolFormat {
  return FORMATS.find((format) => format.matches(template)) ?? generic;
}
