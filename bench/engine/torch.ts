import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pendingCalls } from './calls.ts';
import { ADAM, caseTokens, caseWeights, type ModelCase, parameterCount } from './cases.ts';
import { type Participant, remoteBench } from './stage.ts';

/** Programs that may be a Python with PyTorch; the system's packages belong to the second. */
const PYTHONS = [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter(
  (program) => program !== undefined,
);

/** The first Python that has PyTorch; undefined where there is none. */
export function pythonWithTorch(): string | undefined {
  return PYTHONS.find(
    (program) => spawnSync(program, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
  );
}

/** PyTorch on the CPU, in a process of its own. */
export function openTorch(python: string): Participant {
  const script = path.join(import.meta.dirname, 'torch_contender.py');
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const calls = pendingCalls(child);
  const folder = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
  createInterface({ input: child.stdout }).on('line', (line) => calls.settle(JSON.parse(line)));
  return {
    name: 'pytorch',
    bench: remoteBench((method, args) => {
      const sent = method === 'load' ? [asData(args[0] as ModelCase, folder)] : args;
      return calls.send((call) => child.stdin.write(`${JSON.stringify(call)}\n`), method, sent);
    }),
    async close() {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** All that Python needs to know of a case; the weights lie in a file. */
function asData(model: ModelCase, folder: string) {
  const weights = path.join(folder, 'weights.f32');
  writeFileSync(weights, caseWeights(model));
  const { config } = model;
  return { config, weights, count: parameterCount(config), tokens: caseTokens(model), adam: ADAM };
}
