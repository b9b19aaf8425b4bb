import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { OPTIONS } from '../src/runs/config.ts';
import { flagsOf, parseArguments } from './flags.ts';
import { helpText } from './help.ts';

describe('parseArguments', () => {
  it('reads flags in both forms, and --set over and over', () => {
    const given = parseArguments(
      [
        '--method',
        'grpo',
        '--steps=5',
        '--set',
        'lr=1e-3',
        '--set',
        'rollout.n=4',
        '--out',
        'a b',
        '--quick',
      ],
      'train',
    );
    expect(given.config).toMatchObject({ method: 'grpo', steps: 5, lr: 1e-3, 'rollout.n': 4 });
    expect(given.out).toBe('a b');
    expect(given.help).toBe(false);
  });

  it('lets the last word count', () => {
    expect(parseArguments(['--steps', '5', '--set', 'steps=6'], 'train').config.steps).toBe(6);
  });

  it('takes the configuration of an earlier run, which other options change', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
    try {
      const file = path.join(directory, 'config.json');
      writeFileSync(file, '{"method": "grpo", "lr": 0.001, "seed": 7}');
      const { config } = parseArguments(['--config', file, '--seed', '8'], 'train');
      expect(config).toMatchObject({ method: 'grpo', lr: 1e-3, seed: 8 });
      writeFileSync(file, '{"sedd": 7}');
      expect(() => parseArguments(['--config', file], 'train')).toThrow(
        `--config ${file}: unknown key "sedd", did you mean "seed"?`,
      );
      expect(() => parseArguments(['--config', `${file}x`], 'train')).toThrow('there is no such file');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it.each([
    [['--stpes', '5'], 'unknown option --stpes, did you mean --steps?'],
    [['--tempreature', '5'], 'did you mean --set rollout.temperature=VALUE?'],
    [['--port', '5'], 'unknown option --port'],
    [['--quick=yes'], '--quick takes no value, got "yes"'],
    [['--set', 'lr'], '--set: expected KEY=VALUE, got "lr"'],
    [['--out', '--quick'], '--out needs a value: --out DIR'],
    [['steps=5'], 'unexpected argument "steps=5"'],
  ])('refuses %j', (words, message) => {
    expect(() => parseArguments(words, 'train')).toThrow(message);
  });

  it('checks the port', () => {
    expect(parseArguments(['--port', '0'], 'start').port).toBe(0);
    for (const port of ['x', '', '70000', '1.5']) {
      expect(() => parseArguments([`--port=${port}`], 'start')).toThrow('--port: expected an integer');
    }
  });
});

it('--help names every flag and key', () => {
  const text = helpText('train');
  for (const name of flagsOf('train')) expect(text).toContain(`--${name}`);
  for (const [name, option] of Object.entries(OPTIONS)) {
    expect(text).toContain(`${name}=${option.default}`);
    expect(text).toContain(option.help);
  }
  expect(helpText('test')).not.toContain('--set');
});
