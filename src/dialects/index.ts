import type { DialectFactory } from '../server/dialect.js';
import { autocompleteDialect } from './autocomplete/index.js';
import { boosteDialect } from './booste/index.js';
import { glossaDialect } from './glossa/index.js';

/** Every API that the server speaks. */
export const dialects: readonly DialectFactory[] = [autocompleteDialect, boosteDialect, glossaDialect];
