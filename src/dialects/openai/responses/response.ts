import type { GlossaError } from '../../../errors.js';
import type { GenerationRequest } from '../../../generation/request.js';
import { statusOf } from '../../../server/error-status.js';
import { newItemId, now } from '../identity.js';
import type { ChatParts, RunningChat } from '../conversation/generation.js';
import type { OutputItem, ResponseUsage } from './output.js';
import type { ResponseCall } from './schema.js';
import { ANY_TEXT } from './text-settings.js';

/** What becomes of a response. */
export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly output: readonly OutputItem[];
  readonly usage: ResponseUsage | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What a response is from its beginning to its end. */
type ResponseHead = Readonly<Record<string, unknown>> & { readonly id: string; readonly created_at: number };

/** OpenAI's Response. */
export interface ResponseObject extends ResponseHead, ResponseState {
  readonly object: 'response';
  readonly completed_at: number | null;
  readonly incomplete_details: { readonly reason: 'max_output_tokens' } | null;
}

/** Before anything was said. */
export const BEGUN: ResponseState = { status: 'in_progress', output: [], usage: null, error: null };

/** The id of a new response, its time, and what it is made with: what the request left out is told as it is. */
export function newResponseHead(
  { lease, call }: ChatParts<ResponseCall>,
  { generation: { request } }: Pick<RunningChat, 'generation'>,
): ResponseHead {
  const { body } = call;
  const { tool_choice: choice = 'auto' } = body;
  return {
    id: newItemId('resp'),
    created_at: now(),
    model: lease.id,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    ...temperatureOf(request),
    top_p: request.topP,
    top_logprobs: body.top_logprobs ?? 0,
    text: { format: (body.text?.format ?? ANY_TEXT).told, verbosity: 'medium' },
    tools: body.tools.map(({ told }) => told),
    tool_choice: typeof choice === 'string' ? choice : { type: 'function', name: choice.name },
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    metadata: body.metadata ?? {},
    reasoning: { effort: null, summary: null },
    truncation: 'disabled',
    service_tier: 'default',
    background: false,
    store: false,
    previous_response_id: null,
    max_tool_calls: null,
    access_programs: null,
  };
}

/** OpenAI knows none above 2; a configuration may. */
function temperatureOf({ doSample, temperature }: GenerationRequest): { temperature: number | null } {
  if (!doSample) return { temperature: 0 };
  return { temperature: temperature <= 2 ? temperature : null };
}

/** A response as it is in one of its states. */
export function responseIn(head: ResponseHead, state: ResponseState): ResponseObject {
  const { status } = state;
  return {
    ...head,
    object: 'response',
    ...state,
    completed_at: status === 'completed' ? now() : null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
  };
}

/** Why a response failed, in one of the few words that OpenAI has for it. */
export function failure({ code, message }: GlossaError): NonNullable<ResponseState['error']> {
  return { code: statusOf(code) === 429 ? 'rate_limit_exceeded' : 'server_error', message };
}
