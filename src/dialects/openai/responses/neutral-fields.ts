import { neutralFieldsOf, type NeutralField } from '../conversation/neutral-field.js';

const NOT_STORED = 'nothing is stored here; send the whole conversation as input';

/** Fields that are taken only where they ask for nothing. */
export const NEUTRAL_FIELDS = {
  store: { neutral: ['false'], reason: 'answers are not kept' },
  previous_response_id: { neutral: [], reason: NOT_STORED },
  conversation: { neutral: [], reason: NOT_STORED },
  background: { neutral: ['false'], reason: 'answers are not kept, so that none could be fetched later' },
  prompt: { neutral: [], reason: 'no prompts are kept here; send instructions and input' },
  reasoning: {
    neutral: ['{}', '{"effort":"none"}', '{"effort":null}', '{"summary":null}'],
    reason: 'models are not told how much to think; where a template can, chat_template_kwargs tells it',
  },
  truncation: { neutral: ['"disabled"'], reason: 'no part of a conversation is left out' },
  max_tool_calls: { neutral: [], reason: 'it counts calls of built-in tools, of which there are none' },
  context_management: { neutral: ['[]'], reason: 'no part of a conversation is left out' },
  moderation: { neutral: [], reason: 'nothing is moderated' },
  prompt_cache_options: {
    neutral: ['{}', '{"mode":"implicit"}'],
    reason: 'prefixes are found by their tokens, and kept as long as there is room',
  },
} as const satisfies Readonly<Record<string, NeutralField>>;

/** Schemas of those fields. */
export const neutralFields = neutralFieldsOf(NEUTRAL_FIELDS);
