import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { cases } from '../fixtures/wasmCases';
import { expectSame, outcomes, type Outcome } from '../fixtures/wasmOutcomes';

process.env.RETORT_NATIVE_KERNELS = 'off';
const validate = vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
afterAll(() => validate.mockRestore());

describe('the wasm backend where Node cannot multiply and add as one operation', () => {
  const expected = new Map<string, Outcome[]>();
  beforeAll(async () => {
    await useBackend('cpu');
    for (const [name, one] of Object.entries(cases)) expected.set(name, outcomes(one));
    await useBackend('wasm');
  });

  it('computes with the plain kernels what cpu computes', () => {
    for (const [name, one] of Object.entries(cases)) expectSame(outcomes(one), expected.get(name) ?? []);
    expect(validate).toHaveReturnedWith(false);
  });
});
