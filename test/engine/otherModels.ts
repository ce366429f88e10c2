import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import type { Failure } from '../../engine/contract/failure';
import type { Network } from '../../engine/models/network';
import { openModel } from '../../engine/models/open';

/** Where models of other projects lie; they are no part of this one. */
export const shared = process.env.RETORT_TEST_MODELS ?? resolve('../shared/models');
export const isThere = existsSync(shared);
if (!isThere) console.warn(`Skipped: no third-party models at ${shared} (RETORT_TEST_MODELS).`);

export const open = (reference: string, seed = 'one'): Promise<Network> =>
  openModel(reference, { input: {}, seed });

/** The failure of a model that must not open. */
export const failureOf = (reference: string): Promise<Failure> =>
  open(reference).then(
    () => expect.fail(`${reference} opened`),
    (error) => error,
  );
