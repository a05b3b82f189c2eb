import type { DialectFactory } from '../server/dialect.js';
import { alpacaDialect } from './alpaca/index.js';
import { autocompleteDialect } from './autocomplete/index.js';
import { boosteDialect } from './booste/index.js';
import { generateDialect } from './generate/index.js';
import { glossaDialect } from './glossa/index.js';
import { openAiDialect } from './openai/index.js';
import { sagemakerDialect } from './sagemaker/index.js';

/** Every API that the server speaks. */
export const dialects: readonly DialectFactory[] = [
  autocompleteDialect,
  boosteDialect,
  generateDialect,
  alpacaDialect,
  sagemakerDialect,
  openAiDialect,
  glossaDialect,
];
