import { neutralFieldsOf, type NeutralField } from '../conversation/neutral-field.js';

/** Fields that are taken only where they ask for nothing. */
export const NEUTRAL_FIELDS = {
  store: { neutral: ['false'], reason: 'answers are not kept' },
  modalities: { neutral: ['["text"]'], reason: 'answers are text' },
  audio: { neutral: [], reason: 'answers are text' },
  prediction: { neutral: [], reason: 'no answer is foretold' },
  reasoning_effort: {
    neutral: ['"none"'],
    reason: 'models are not told how much to think; where a template can, chat_template_kwargs tells it',
  },
  verbosity: { neutral: ['"medium"'], reason: 'models are not told how much to say' },
  web_search_options: { neutral: [], reason: 'nothing is looked up on the web' },
  moderation: { neutral: [], reason: 'nothing is moderated' },
  prompt_cache_options: {
    neutral: ['{}', '{"mode":"implicit"}'],
    reason: 'prefixes are found by their tokens, and kept as long as there is room',
  },
  functions: { neutral: ['[]'], reason: 'it is deprecated; use tools' },
  function_call: { neutral: ['"none"'], reason: 'it is deprecated; use tool_choice' },
} as const satisfies Readonly<Record<string, NeutralField>>;

/** Schemas of those fields. */
export const neutralFields = neutralFieldsOf(NEUTRAL_FIELDS);
