import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../cli/site.ts';
import { parsePlan, planConfigs } from '../src/runs/sweep/plan.ts';
import { expect, run, start, test } from './terminal.ts';

const SCRIPTED = { TRACEWRIGHT_TRAINER: 'e2e/scriptedTrainer.ts' };

function writePlan(file: string, plan: object): string {
  writeFileSync(file, JSON.stringify(plan));
  return file;
}

/** Every cell in a directory: what became of it, and how often it was started. */
function cellsIn(out: string) {
  return readdirSync(out).map((name) => {
    const file = path.join(out, name, 'cell.json');
    return {
      name,
      record: existsSync(file) ? readFileSync(file, 'utf8') : undefined,
      starts: readFileSync(path.join(out, name, 'log.txt'), 'utf8').match(/^== .* train /gm)!.length,
    };
  });
}

/** Resolves when a cell has made steps, but is not done. */
async function underWay(out: string): Promise<void> {
  const begun = () =>
    readdirSync(out).some((name) => {
      const at = (file: string) => existsSync(path.join(out, name, file));
      return at('run/metrics.jsonl') && !at('cell.json');
    });
  await expect.poll(begun, { timeout: 60_000 }).toBe(true);
}

test('a sweep of 2 methods x 3 seeds on --quick, interrupted in the middle and started again, does no finished cell twice', async ({
  place,
}) => {
  test.setTimeout(240_000);
  const out = place('out');
  const plan = writePlan(place('plan.json'), { methods: ['grpo', 'coderl_plus'], seeds: 3 });
  const args = [plan, '--quick', '--out', out];
  const first = start('sweep', args, SCRIPTED);
  await first.said('[2/6]');
  await underWay(out);
  first.process.kill('SIGINT');
  const interrupted = await first.ended;
  expect(interrupted.code).toBe(130);
  expect(interrupted.stdout).toContain('unfinished cells go on from what they kept');
  const before = cellsIn(out).filter(({ record }) => record !== undefined);
  expect(before.length).toBeGreaterThanOrEqual(2);
  expect(before.length).toBeLessThan(6);

  const second = await run('sweep', args);
  expect(second.code, second.stdout + second.stderr).toBe(0);
  expect(second.stdout).toContain(`${before.length} of 6 cells are done already`);
  const after = cellsIn(out);
  expect(after).toHaveLength(6);
  expect(after.every(({ record }) => JSON.parse(record!).status === 'done')).toBe(true);
  for (const done of before) expect(after).toContainEqual(done);
  expect(before.every(({ starts }) => starts === 1)).toBe(true);

  const collected = await run('collect', [out]);
  expect(collected.stdout).toContain('| coderl_plus | 3 | 0.450 [0.450, 0.450] |');
  expect(readFileSync(path.join(out, 'cells.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(7);
  expect(readFileSync(path.join(out, 'metrics.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(121);
});

test('a cell that fails is reported, and tried again by the next sweep; the others are done', async ({
  place,
}) => {
  const out = place('out');
  // The scripted trainer fails on seed 13.
  const plan = writePlan(place('plan.json'), { methods: ['grpo'], seeds: [13, 1], settings: { steps: 2 } });
  for (const starts of [1, 2]) {
    const { code, stdout } = await run('sweep', [plan, '--out', out]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/grpo-seed13-\w+: failed: the script says fail \(.*log.txt\)/);
    expect(stdout).toContain(`This time: ${2 - starts} done, 1 failed`);
    expect(cellsIn(out).map((cell) => cell.starts)).toEqual([1, starts]);
  }
  const { stdout } = await run('sweep', [plan, '--out', out, '--list']);
  expect(stdout).toMatch(
    /^0 {2}grpo-seed13-\w+ +failed: the script says fail +steps=2\n1 {2}grpo-seed1-\w+ +done/,
  );
  const collected = await run('collect', [out]);
  expect(collected.stderr).toMatch(/left out: grpo-seed13-\w+, failed: the script says fail/);
  expect(collected.stdout).toContain('- 1 of 2 runs are unfinished or failed, and left out');
});

test('two sweeps of one plan share its cells, and one that was killed leaves nothing behind', async ({
  place,
}) => {
  const out = place('out');
  const plan = writePlan(place('plan.json'), { methods: ['grpo'], seeds: 4, settings: { steps: 30 } });
  const killed = start('sweep', [plan, '--out', out], SCRIPTED);
  await expect.poll(() => existsSync(out), { timeout: 60_000 }).toBe(true);
  await underWay(out);
  // The command that npm starts is not the one that works: the claim says which is.
  const [name] = readdirSync(out).filter((cell) => existsSync(path.join(out, cell, 'claim')));
  process.kill(Number(readFileSync(path.join(out, name!, 'claim'), 'utf8').split(' ')[0]), 'SIGKILL');
  await killed.ended;
  const two = await Promise.all([0, 1].map(() => run('sweep', [plan, '--out', out, '--parallel', '2'])));
  const all = two.map(({ stdout }) => stdout).join('\n');
  expect(all.match(/: done in /g)).toHaveLength(4);
  expect(
    cellsIn(out)
      .map(({ starts }) => starts)
      .sort(),
  ).toEqual([1, 1, 1, 2]);
});

test.describe('what is wrong with a plan is said before anything starts', () => {
  const cases: [title: string, args: string[], plan: string, message: string][] = [
    ['no plan', [], '', 'expected one plan, got 0 words'],
    ['a wrong key', ['PLAN'], '{"seed": 1}', 'PLAN: unknown key "seed" of the plan, did you mean "seeds"?'],
    ['a policy that is not there', ['PLAN'], '{"policy": "none"}', 'none: there is no such directory'],
    [
      'a cell that is not there',
      ['PLAN', '--cell', '1'],
      '{}',
      '--cell: expected a whole number from 0 to 0, got "1"',
    ],
    [
      'an unknown option',
      ['PLAN', '--paralel', '2'],
      '{}',
      'unknown option --paralel, did you mean --parallel?',
    ],
  ];
  for (const [title, args, plan, message] of cases) {
    test(title, async ({ place }) => {
      const file = place('plan.json');
      writeFileSync(file, plan);
      const { code, stderr } = await run(
        'sweep',
        args.map((word) => word.replace('PLAN', file)),
      );
      expect(stderr).toContain(
        `error: ${message.replace('PLAN', file)}`.replace('error: none', `--policy ${place('none')}`),
      );
      expect(code).toBe(1);
    });
  }
});

test.describe('on a cluster', () => {
  const directory = path.join(ROOT, 'docs', 'kubernetes');
  const manifests = parseAllDocuments(readFileSync(path.join(directory, 'sweep.yaml'), 'utf8')).map((one) => {
    expect(one.errors).toEqual([]);
    return one.toJS();
  });
  const [plan, claim, job] = manifests;
  const pod = job.spec.template.spec;
  const [container] = pod.containers;

  test('the manifest is an Indexed Job with a pod for each cell of its plan', () => {
    expect([plan.kind, claim.kind, job.kind]).toEqual(['ConfigMap', 'PersistentVolumeClaim', 'Job']);
    expect([job.apiVersion, job.spec.completionMode]).toEqual(['batch/v1', 'Indexed']);
    expect(job.spec.completions).toBe(planConfigs(parsePlan(plan.data['plan.json'])).length);
    // What `backoffLimitPerIndex` asks for.
    expect(pod.restartPolicy).toBe('Never');
    const volumes = Object.fromEntries(pod.volumes.map((volume: { name: string }) => [volume.name, volume]));
    expect(volumes.plan.configMap.name).toBe(plan.metadata.name);
    expect(volumes.runs.persistentVolumeClaim.claimName).toBe(claim.metadata.name);
    expect(container.volumeMounts.map(({ name }: { name: string }) => name).sort()).toEqual(
      Object.keys(volumes).sort(),
    );
  });

  /** Starts the command of a pod. */
  function startPod(place: (name: string) => string, steps: number) {
    const { settings, ...rest } = JSON.parse(plan.data['plan.json']);
    writePlan(place('plan.json'), { ...rest, settings: { ...settings, steps } });
    const at: Record<string, string> = { '/plan/plan.json': place('plan.json'), '/runs': place('runs') };
    const [program, ...args]: string[] = container.command.map((word: string) => at[word] ?? word);
    return spawn(program!, args, {
      cwd: ROOT,
      stdio: 'ignore',
      env: { ...process.env, ...SCRIPTED, JOB_COMPLETION_INDEX: '3' },
    });
  }

  test('the command of the manifest trains its cell', async ({ place }) => {
    const [code] = await once(startPod(place, 2), 'exit');
    expect(code).toBe(0);
    expect(readdirSync(place('runs'))).toEqual([expect.stringMatching(/^coderl_plus-seed1-/)]);
  });

  test('a pod that is told to end lets go of its cell', async ({ place }) => {
    const pod = startPod(place, 1000);
    const ended = once(pod, 'exit');
    await expect.poll(() => existsSync(place('runs')), { timeout: 60_000 }).toBe(true);
    await underWay(place('runs'));
    pod.kill('SIGTERM');
    expect(await ended).toEqual([130, null]);
    const [cell] = readdirSync(place('runs'));
    expect(readdirSync(path.join(place('runs'), cell!))).not.toContain('claim');
  });

  test('the image is built from files and scripts that are there', () => {
    const lines = readFileSync(path.join(directory, 'Dockerfile'), 'utf8').split('\n');
    const scripts = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).scripts;
    for (const line of lines) {
      const copied = /^COPY (.+) \S+$/.exec(line)?.[1]?.split(' ') ?? [];
      for (const file of copied) expect(existsSync(path.join(ROOT, file)), file).toBe(true);
      const script = /^RUN npm run (\S+)/.exec(line)?.[1];
      if (script) expect(scripts).toHaveProperty([script]);
    }
    expect(lines.filter((line) => line.startsWith('COPY'))).toHaveLength(2);
  });
});
