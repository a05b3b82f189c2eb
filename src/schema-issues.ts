import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** One problem of an input: where it is and what is wrong, without the input itself. */
export interface Problem {
  /** Keys from the outside in; empty for the input as a whole. */
  readonly path: readonly PropertyKey[];
  /** "expected number, received string". */
  readonly message: string;
  /** Keys that the schema doesn't know, if that is the problem. */
  readonly unknownKeys: readonly string[];
}

/** The first problem zod found; of a union, the one of the alternative that fits best. */
export function firstProblem(error: z.ZodError): Problem {
  const [issue] = error.issues;
  if (issue === undefined) return { path: [], message: 'invalid', unknownKeys: [] };
  return problemOf(issue, []);
}

function problemOf(issue: Issue, outer: readonly PropertyKey[]): Problem {
  const path = [...outer, ...issue.path];
  if (issue.code === 'invalid_union') {
    const candidates = issue.errors.flatMap(([first]) =>
      first === undefined ? [] : [problemOf(first, path)],
    );
    const deepest = candidates.toSorted((a, b) => b.path.length - a.path.length)[0];
    if (deepest !== undefined && deepest.path.length > path.length) return deepest;
    const messages = [...new Set(candidates.map((candidate) => candidate.message))];
    return { path, message: mergeExpectations(messages), unknownKeys: [] };
  }
  const unknownKeys = issue.code === 'unrecognized_keys' ? issue.keys : [];
  return { path, message: issue.message.replace(/^Invalid input: /, ''), unknownKeys };
}

/** "expected string, received boolean" and "expected array, received boolean" as one sentence. */
function mergeExpectations(messages: readonly string[]): string {
  const parts = messages.map((message) => /^expected (.+), received (.+)$/.exec(message));
  const received = parts[0]?.[2];
  if (received === undefined || parts.some((part) => part?.[2] !== received)) return messages.join(', or ');
  return `expected ${parts.map((part) => part?.[1]).join(' or ')}, received ${received}`;
}
