import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, run, start, test, writePolicy, writeTasks } from './terminal.ts';

const SCRIPTED = { TRACEWRIGHT_TRAINER: 'e2e/scriptedTrainer.ts' };

function lines(file: string): string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

test('train writes a whole run and says so', async ({ place }) => {
  const out = place('run');
  const policy = writePolicy(place('policy'));
  const args = [
    '--policy',
    policy,
    '--steps',
    '5',
    '--out',
    out,
    '--set',
    'rollout.n=4',
    '--set',
    'eval_every=2',
  ];
  const { code, stdout, stderr } = await run('train', args);
  expect(stderr).not.toContain('error');
  expect(code).toBe(0);
  expect(stdout).toContain('device: wasm, scripted engine');
  expect(stdout).toMatch(/step 5\/5 {2}reward 0\.3050 {2}held-out pass@1 0\.290 \(step 4\).* tokens\/s 1235/);
  expect(stdout).toContain('pass@1            0.250 [0.230, 0.270]  0.300 [0.280, 0.320]  +0.050 *  1000');
  expect(readdirSync(out).sort()).toEqual([
    'config.json',
    'evaluation.json',
    'metrics.jsonl',
    'policy',
    'rollouts.jsonl',
    'run.json',
  ]);
  expect(JSON.parse(readFileSync(path.join(out, 'config.json'), 'utf8'))).toMatchObject({
    steps: 5,
    'rollout.n': 4,
  });
  expect(lines(path.join(out, 'metrics.jsonl')).map((line) => JSON.parse(line).step)).toEqual([
    1, 2, 3, 4, 5,
  ]);
  expect(lines(path.join(out, 'rollouts.jsonl'))).toHaveLength(20);
  const evaluations = JSON.parse(readFileSync(path.join(out, 'evaluation.json'), 'utf8'));
  expect(evaluations.during).toHaveLength(2);
  expect(evaluations.after.measures['pass@1'].count).toBe(1000);
  const weights = readFileSync(path.join(out, 'policy', 'model.safetensors'));
  expect(weights).toEqual(readFileSync(path.join(policy, 'model.safetensors')));
});

test('sft needs no policy', async ({ place }) => {
  const { code } = await run('train', ['--method', 'sft', '--steps', '2', '--out', place('run')]);
  expect(code).toBe(0);
});

test('evaluate prints and writes the evaluation alone', async ({ place }) => {
  const out = place('evaluation');
  const { code, stdout } = await run('evaluate', ['--policy', writePolicy(place('policy')), '--out', out]);
  expect(code).toBe(0);
  expect(stdout).toContain('pass@1            0.250 [0.230, 0.270]  1000');
  expect(readdirSync(out).sort()).toEqual(['config.json', 'evaluation.json']);
});

test('Ctrl-C, arriving twice as through npm, stops in order and keeps what there is', async ({ place }) => {
  const out = place('run');
  const args = [
    '--method',
    'sft',
    '--steps',
    '500',
    '--out',
    out,
    '--tasks',
    writeTasks(place('tasks.jsonl'), 'slow'),
  ];
  const running = start('train', args, SCRIPTED);
  await running.said('step   1/500');
  running.process.kill('SIGINT');
  running.process.kill('SIGINT');
  const { code, stdout } = await running.ended;
  expect(code).toBe(130);
  expect(stdout).toMatch(/Stopped after \d+ steps/);
  expect(readdirSync(out).sort()).toEqual([
    'config.json',
    'evaluation.json',
    'metrics.jsonl',
    'policy',
    'rollouts.jsonl',
    'run.json',
    'tasks.jsonl',
  ]);
});

test('a second Ctrl-C ends at once', async ({ place }) => {
  const args = [
    '--method',
    'sft',
    '--steps',
    '500',
    '--out',
    place('run'),
    '--tasks',
    writeTasks(place('tasks.jsonl'), 'slow'),
  ];
  const running = start('train', [...args, '--set', 'eval_samples=7'], SCRIPTED);
  await running.said('step   1/500');
  running.process.kill('SIGINT');
  await running.said('Ctrl-C again ends at once');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  running.process.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
});

test.describe('a clear message, a non-zero exit, and nothing written', () => {
  const cases: [title: string, command: string, args: string[], message: string][] = [
    ['an unknown command', 'tarin', [], 'unknown command "tarin"'],
    ['an unknown method', 'train', ['--method', 'coderl'], 'the nearest is'],
    ['an unknown option', 'train', ['--stepz', '3'], 'unknown option --stepz, did you mean --steps?'],
    ['a key as an option', 'train', ['--lr', '1'], '--lr: set this key with --set lr=VALUE'],
    ['an unknown key', 'train', ['--set', 'temperature=1'], 'did you mean "rollout.temperature"?'],
    ['a wrong value', 'train', ['--steps', '0'], 'steps: expected an integer from 1 to 1000000000, got 0'],
    ['a forgotten value', 'train', ['--steps'], '--steps needs a value: --steps N'],
    ['a stray argument', 'train', ['5'], 'unexpected argument "5"'],
    [
      'a missing policy',
      'evaluate',
      ['--policy', 'no/such/place'],
      '--policy no/such/place: there is no such directory',
    ],
    ['a directory that is no policy', 'evaluate', ['--policy', 'docs'], 'no policy, it lacks config.json'],
    [
      'a missing tasks file',
      'train',
      ['--method', 'sft', '--tasks', 'none.jsonl'],
      '--tasks none.jsonl: there is no such file',
    ],
    ['an unknown family', 'train', ['--method', 'sft', '--set', 'families=pipelnes'], 'families=pipelnes: '],
    ['a name that is a path', 'train', ['--method', 'sft', '--name', '../x'], '--name "../x"'],
  ];
  for (const [title, command, args, message] of cases) {
    test(title, async ({ place }) => {
      const out = place('run');
      const where = command === 'tarin' ? [] : ['--out', out];
      const { code, stderr } = await run(command, [...where, ...args]);
      expect(stderr).toContain(`error: `);
      expect(stderr).toContain(message);
      expect(code).toBe(1);
      expect(existsSync(out)).toBe(false);
    });
  }

  test('a broken checkpoint', async ({ place }) => {
    const policy = writePolicy(place('policy'));
    writeFileSync(path.join(policy, 'model.safetensors'), 'x');
    for (const command of ['train', 'evaluate']) {
      const out = place(command);
      const { code, stderr } = await run(command, ['--policy', policy, '--out', out]);
      expect(stderr).toContain(`error: --policy ${policy}: readSafetensors(): the file has 1 bytes`);
      expect(code).toBe(1);
      expect(existsSync(out)).toBe(false);
    }
  });

  test('a tasks file with a bad line', async ({ place }) => {
    const out = place('run');
    const tasks = writeTasks(place('tasks.jsonl'), 'slow');
    appendFileSync(tasks, '{"description": "add"\n');
    const { code, stderr } = await run('train', ['--method', 'sft', '--out', out, '--tasks', tasks]);
    expect(stderr).toContain(`error: --tasks ${tasks}: `);
    expect(stderr).toContain('line 41');
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });

  test('an output directory that is not empty', async ({ place }) => {
    const out = place('run');
    mkdirSync(out);
    writeFileSync(path.join(out, 'metrics.jsonl'), 'precious');
    const { code, stderr } = await run('train', ['--method', 'sft', '--out', out]);
    expect(stderr).toContain('is not empty, and nothing is overwritten');
    expect(code).toBe(1);
    expect(readFileSync(path.join(out, 'metrics.jsonl'), 'utf8')).toBe('precious');
  });

  test('a browser that is not there', async ({ place }) => {
    const out = place('run');
    const { code, stderr } = await run('train', ['--method', 'sft', '--out', out], {
      TRACEWRIGHT_BROWSER: '/no/chrome',
    });
    expect(stderr).toContain('TRACEWRIGHT_BROWSER="/no/chrome": there is no program of that name');
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });

  test('options that npm kept for itself', async () => {
    const { code, stderr } = await run('train', [], { npm_config_quick: 'true' });
    expect(stderr).toContain('npm kept --quick for itself: put `--` before the options');
    expect(code).toBe(1);
  });

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const { code, stderr } = await run('start', ['--port', String(port)]);
    server.close();
    expect(stderr).toContain(
      `port ${port} is in use: choose another, as in \`npm start -- --port ${port + 1}\``,
    );
    expect(code).toBe(1);
  });
});

test('a trainer that fails half-way keeps what there is', async ({ place }) => {
  const out = place('run');
  const tasks = writeTasks(place('tasks.jsonl'), 'crash slow');
  const { code, stderr } = await run('train', ['--method', 'sft', '--out', out, '--tasks', tasks]);
  expect(stderr).toContain('the script says crash');
  expect(stderr).toContain('What there is so far lies in');
  expect(code).toBe(1);
  expect(lines(path.join(out, 'metrics.jsonl')).length).toBeGreaterThan(0);
});

test('--help lists every key', async () => {
  const { code, stdout } = await run('train', ['--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('clip_ratio_high=0.2');
  expect(stdout).toContain('--set KEY=VALUE');
});

test('--help of evaluate is its own', async () => {
  const { stdout } = await run('evaluate', ['--help']);
  expect(stdout).toContain('the policy to evaluate (the shipped one)');
  expect(stdout).toContain('eval_final_tasks=1000');
  expect(stdout).not.toContain('lr_warmup_steps');
});

test('Ctrl-C ends an evaluation, which has nothing to keep', async ({ place }) => {
  const running = start(
    'evaluate',
    ['--out', place('out'), '--tasks', writeTasks(place('tasks.jsonl'), 'slow')],
    SCRIPTED,
  );
  await running.said('device: wasm');
  running.process.kill('SIGINT');
  const { code, stderr } = await running.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('Interrupted: an evaluation is all or nothing, so nothing was written.');
  expect(existsSync(place('out'))).toBe(false);
});

test('start serves the page with isolation headers until it is told to end', async () => {
  const running = start('start', ['--port', '0', '--method', 'grpo'], { ...SCRIPTED, CI: '1' });
  await running.said('method=grpo');
  running.process.kill('SIGINT');
  expect((await running.ended).code).toBe(0);
});
