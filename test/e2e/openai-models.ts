import { join } from 'node:path';

import { packageRoot } from '../../src/engine/addon.js';

const path = join(packageRoot(), 'models', 'glossa-sprout-alpaca', 'glossa-sprout-alpaca-q8_0.gguf');
const chatTemplate = join(packageRoot(), 'test', 'chat', 'templates', 'hermes.jinja');

/** The shipped models, the chat model as it is and with a template that knows tools. */
export const OPENAI_MODELS = {
  'glossa-tales': {},
  // Texts are compared: they must not depend on what runs beside them.
  sprout: { path, reproducible: true },
  tools: { path, chatTemplate, reproducible: true },
};
