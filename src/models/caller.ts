/** Who asks for a model: what a key is allowed, and what it has used, hang on it. */
export interface Caller {
  /** Id of the API key that was presented; the empty text where none is needed. */
  readonly keyId: string;
}
