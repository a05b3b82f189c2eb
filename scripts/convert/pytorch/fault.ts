import { FormatError } from '../format-error.js';

/** A PyTorch file that breaks a rule, in one line. */
export function fault(message: string): FormatError {
  return new FormatError('PyTorch', message);
}
