import type { ModelInfo } from '../engine/engine.js';
import type { ChatAbilities } from './chat.js';
import { traitsOf } from './template-traits.js';
import { compileTemplate, TemplateError } from './template/compile.js';

/** What tells of a model's template; `info` is absent while it is not loaded. */
export interface AbilitySources {
  /** Configured text. */
  readonly chatTemplate?: string | undefined;
  readonly info?: Pick<ModelInfo, 'chatTemplate'> | undefined;
}

/** What a model can be asked for in a conversation; undefined while only its file, not loaded yet, could tell. */
export function chatAbilities({ chatTemplate, info }: AbilitySources): ChatAbilities | undefined {
  const text = chatTemplate ?? info?.chatTemplate;
  if (text === undefined) return undefined;
  if (text === null) return { chat: false, tools: false };
  try {
    return { chat: true, tools: traitsOf(compileTemplate(text)).knowsTools };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { chat: false, tools: false };
  }
}
