import { useEffect, useState } from 'preact/hooks';
import type { Value } from '../../program/values.ts';
import type { CallResult, ProgramResult, Sandbox } from '../../sandbox/types.ts';

/** A program to call. */
export interface Callable {
  code: string;
  entry: string;
}

/** How calls of several programs with the same arguments ended; a failure of the sandbox itself is told apart. */
export type Calls =
  | { state: 'running' }
  | { state: 'done'; results: (CallResult | undefined)[]; loadErrors: ProgramResult['loadError'][] }
  | { state: 'failed'; reason: string };

/** Calls programs with `input`, traced, again whenever one of them or the input changes. */
export function useCalls(
  sandbox: () => Promise<Sandbox>,
  programs: readonly Callable[],
  input: readonly Value[] | undefined,
): Calls {
  const [calls, setCalls] = useState<Calls>({ state: 'running' });
  const question = JSON.stringify([programs, input]);
  useEffect(() => {
    if (!input) return;
    let wanted = true;
    setCalls({ state: 'running' });
    callAll(sandbox, programs, input).then(
      (done) => wanted && setCalls(done),
      (error: Error) => wanted && setCalls({ state: 'failed', reason: error.message }),
    );
    return () => {
      wanted = false;
    };
  }, [question]);
  return calls;
}

async function callAll(
  sandbox: () => Promise<Sandbox>,
  programs: readonly Callable[],
  input: readonly Value[],
): Promise<Calls> {
  const results = await (await sandbox()).run(
    programs.map(({ code, entry }) => ({ code, entry, inputs: [[...input]], trace: [0] })),
  );
  return {
    state: 'done',
    results: results.map(({ calls }) => calls[0]),
    loadErrors: results.map(({ loadError }) => loadError),
  };
}
