import { z } from 'zod';

/** Names of the APIs, as `--listen` takes them. */
export const DIALECT_NAMES = [
  'autocomplete',
  'booste',
  'generate',
  'alpaca',
  'sagemaker',
  'openai',
  'glossa',
] as const;

export type DialectName = (typeof DIALECT_NAMES)[number];

/** A port that one API has to itself; 0 takes a free one. */
export interface ListenAddress {
  readonly dialect: DialectName;
  readonly port: number;
}

/** "alpaca=19327". */
export const listenAddress = z.string().transform((text, context): ListenAddress => {
  const [, name, digits] = /^(\w+)=(\d{1,5})$/.exec(text) ?? [];
  const dialect = DIALECT_NAMES.find((candidate) => candidate === name);
  const port = Number(digits);
  if (dialect !== undefined && port <= 65_535) return { dialect, port };
  context.addIssue(`expected API=PORT with one of ${DIALECT_NAMES.join(', ')}`);
  return z.NEVER;
});
