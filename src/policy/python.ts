import { spawnSync } from 'node:child_process';

/** The Python that tests ask, where it has what they need: the one of `TRACEWRIGHT_PYTHON`, else `python3`. */
export const PYTHON = process.env.TRACEWRIGHT_PYTHON ?? 'python3';

/** Why tests that need these Python modules cannot run; undefined when they can. */
export function pythonLacks(modules: readonly string[]): string | undefined {
  const { status } = spawnSync(PYTHON, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  if (status === 0) return undefined;
  return `${PYTHON} has no ${modules.join(' and ')}; set TRACEWRIGHT_PYTHON to one that has`;
}

/** Runs a Python script; throws with what it said when it fails. */
export function runPython(args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(PYTHON, [...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error', MPLBACKEND: 'agg' },
  });
  if (status !== 0) throw new Error(`${PYTHON} ${args.join(' ')}: ${error?.message ?? stderr.slice(-2000)}`);
  return stdout;
}
