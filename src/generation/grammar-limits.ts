/** UTF-16 units of a grammar at most. */
export const MAX_GRAMMAR_LENGTH = 262_144;
/** Rules with a name in a grammar at most. */
export const MAX_GRAMMAR_RULES = 4096;
