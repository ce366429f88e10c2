/** Why something could not be done. Every user-visible error is one of these. */
export const failureCodes = [
  'backendMissing',
  'backendBroken',
  'modelNotFound',
  'modelInvalid',
  'modelUnsupported',
  'dataNotFound',
  'dataInvalid',
  'recipeInvalid',
  'runNotFound',
  'pairMismatch',
  'notANumber',
  'outOfMemory',
  'diskFull',
  'checkpointCorrupt',
  'stopped',
  'internal',
] as const;

export type FailureCode = (typeof failureCodes)[number];

/** A failure as data: a code, one sentence, and what to do next. */
export interface Failure {
  code: FailureCode;
  message: string;
  next: string;
}

/** Thrown inside the engine; crosses every border as a plain {@link Failure}. */
export class Failed extends Error implements Failure {
  constructor(
    readonly code: FailureCode,
    message: string,
    readonly next: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'Failed';
  }

  toJSON(): Failure {
    return { code: this.code, message: this.message, next: this.next };
  }
}
