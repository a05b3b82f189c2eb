import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { ChatMessage, ChatRequest, ChatTool } from '../../src/chat/chat.js';
import { packageRoot } from '../../src/engine/addon.js';
import { bindEngine } from '../../src/engine/bound-engine.js';
import type { Engine, TokenKind } from '../../src/engine/engine.js';
import type { ModelLease } from '../../src/models/registry.js';
import { FakeEngine, type FakeEngineOptions } from '../fakes/engine.js';

const FOLDER = path.join(packageRoot(), 'test', 'chat');

/** A template of test/chat/templates, or the shipped adapter's. */
export function templateText(name: string): string {
  const shipped = path.join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'chat_template.jinja');
  return readFileSync(name === 'alpaca' ? shipped : path.join(FOLDER, 'templates', `${name}.jinja`), 'utf8');
}

/** A file of test/chat/goldens. */
export function golden(name: string): unknown {
  return JSON.parse(readFileSync(path.join(FOLDER, 'goldens', name), 'utf8')) as unknown;
}

/** A request of nothing but messages. */
export function chatOf(
  messages: string | readonly ChatMessage[],
  more: Partial<ChatRequest> = {},
): ChatRequest {
  return {
    messages: typeof messages === 'string' ? [{ role: 'user', content: messages }] : messages,
    tools: [],
    toolChoice: 'auto',
    parallelToolCalls: true,
    format: { type: 'text' },
    ...more,
  };
}

export const WEATHER: ChatTool = {
  name: 'weather',
  description: 'Tells the weather.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
export const CLOCK: ChatTool = { name: 'clock', parameters: { type: 'object', properties: {} } };

/** A lease on an engine that is there. */
export function leaseOn(engine: Engine, more: Partial<ModelLease> = {}): ModelLease {
  return {
    id: 'parrot',
    engine: bindEngine(engine, { adapterSet: 0, defaults: {} }),
    defaults: {},
    release: () => undefined,
    ...more,
  };
}

/** A fake engine with special tokens: their names by kind. */
export class SpecialEngine extends FakeEngine {
  readonly #kinds = new Map<number, TokenKind>();

  constructor(specials: Readonly<Record<string, TokenKind>>, options: FakeEngineOptions = {}) {
    super(options);
    for (const [text, kind] of Object.entries(specials)) this.#kinds.set(this.words.idOf(text), kind);
  }

  override async vocabulary(): ReturnType<FakeEngine['vocabulary']> {
    const vocabulary = await super.vocabulary();
    return {
      size: vocabulary.size,
      bytes: (id) => vocabulary.bytes(id),
      kind: (id) => this.#kinds.get(id) ?? vocabulary.kind(id),
    };
  }
}

/** What no test aborts. */
export const NEVER: { readonly signal: AbortSignal } = new AbortController();
