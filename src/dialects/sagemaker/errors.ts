import type { GlossaError } from '../../errors.js';
import { type ErrorCode } from '../../errors.js';
import type { ServerContext } from '../../server/dialect.js';
import { statusOf } from '../../server/error-status.js';
import { AccessRefusal } from './signature/refusal.js';

/** How AWS calls an error, and its status where that is not the one of its code. */
interface AwsError {
  readonly type: string;
  readonly status?: 400 | 403 | 404 | 408 | 424 | 429 | 500 | 503;
}

const AWS_ERRORS: Readonly<Record<ErrorCode, AwsError>> = {
  INVALID_REQUEST: { type: 'ValidationError', status: 400 },
  CONTEXT_OVERFLOW: { type: 'ValidationError', status: 400 },
  MODEL_NOT_FOUND: { type: 'ValidationError', status: 400 },
  BODY_TOO_LARGE: { type: 'ValidationError', status: 400 },
  REQUEST_TIMEOUT: { type: 'RequestTimeoutException', status: 408 },
  UNAUTHORIZED: { type: 'MissingAuthenticationTokenException', status: 403 },
  FORBIDDEN: { type: 'AccessDeniedException', status: 403 },
  TASK_NOT_FOUND: { type: 'UnknownOperationException', status: 404 },
  ROUTE_NOT_FOUND: { type: 'UnknownOperationException', status: 404 },
  MODEL_LOAD_FAILED: { type: 'ModelError', status: 424 },
  NATIVE_UNAVAILABLE: { type: 'ModelError', status: 424 },
  OUT_OF_MEMORY: { type: 'ModelError', status: 424 },
  ENGINE_CRASHED: { type: 'ModelError', status: 424 },
  MODEL_LOADING: { type: 'ModelNotReadyException', status: 429 },
  OVERLOADED: { type: 'ThrottlingException', status: 429 },
  RATE_LIMITED: { type: 'ThrottlingException', status: 429 },
  CANCELLED: { type: 'InternalFailure' },
  CLOSED: { type: 'ServiceUnavailable', status: 503 },
  CONFIG_INVALID: { type: 'InternalFailure', status: 500 },
  CONVERSION_FAILED: { type: 'InternalFailure', status: 500 },
  INTERNAL: { type: 'InternalFailure', status: 500 },
};

/** What a container answers in the model's place: SageMaker passes its status and words on. */
const CONTAINER_STATUS = 500;

/** An error of this API: its name in a header, its words in the body. */
export function renderAwsError(context: ServerContext, error: GlossaError): Response {
  const { type, status = statusOf(error.code) } = awsErrorOf(error);
  context.header('x-amzn-requestid', context.get('requestId'));
  context.header('x-amzn-errortype', type);
  // Bearer is not what is missing where requests are signed, and 403 goes without a challenge.
  context.header('www-authenticate', undefined);
  return context.json({ Message: error.message, ...modelErrorFields(type, error) }, status);
}

/** The name of an error, and the frame of a stream that it ends as. */
export function streamException(error: GlossaError): { type: string; body: Record<string, string> } {
  const isModels = awsErrorOf(error).type === 'ModelError';
  if (isModels)
    return { type: 'ModelStreamError', body: { Message: error.message, ErrorCode: 'StreamBroken' } };
  return { type: 'InternalStreamFailure', body: { Message: error.message } };
}

function awsErrorOf(error: GlossaError): AwsError {
  if (error instanceof AccessRefusal)
    return { type: error.type, status: error.type === 'IncompleteSignatureException' ? 400 : 403 };
  return AWS_ERRORS[error.code];
}

function modelErrorFields(type: string, { message }: GlossaError): Record<string, string | number> {
  if (type !== 'ModelError') return {};
  return { OriginalStatusCode: CONTAINER_STATUS, OriginalMessage: message, LogStreamArn: '' };
}
