import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, run, test, writePolicy } from './terminal.ts';

/** Every file below a directory, by path, but for those of the moment. */
function filesBelow(directory: string): Map<string, string> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  const files = paths.filter(
    (name) => readdirSafe(path.join(directory, name)) === undefined && !name.startsWith('.'),
  );
  return new Map(files.map((name) => [name, readFileSync(path.join(directory, name), 'base64')]));
}

function readdirSafe(place: string): string[] | undefined {
  try {
    return readdirSync(place);
  } catch {
    return undefined; // A file.
  }
}

test('a run leaves in one file, comes back as it was, and in other forms', async ({ place }) => {
  const out = place('my-run');
  const trained = await run('train', [
    '--policy',
    writePolicy(place('policy')),
    '--steps',
    '3',
    '--out',
    out,
  ]);
  expect(trained.code, trained.stderr).toBe(0);

  const archive = place('a.zip');
  const exported = await run('export', [out, '--to', archive]);
  expect(exported.code, exported.stderr).toBe(0);
  const imported = await run('import', [archive, '--out', place('back')]);
  expect(imported.stdout).toContain('3 steps of coderl_plus: ');
  expect(filesBelow(place('back'))).toEqual(filesBelow(out));

  const again = await run('export', [out, '--to', archive]);
  expect(again.stderr).toContain(`error: ${archive} is there already, and nothing is overwritten`);
  const twice = await run('import', [archive, '--out', place('back')]);
  expect(twice.stderr).toContain('is not empty, and nothing is overwritten');

  await run('export', [archive, '--as', 'csv', '--to', place('metrics.csv')]);
  expect(readFileSync(place('metrics.csv'), 'utf8').split('\n')[0]).toMatch(/^step,reward,/);
  await run('export', [out, place('back'), '--as', 'tensorboard', '--to', place('events')]);
  expect(readdirSync(place('events')).sort()).toEqual(['back', 'my-run']);
  mkdirSync(place('books'));
  await run('export', [out, archive, '--as', 'notebook', '--to', place('books/runs.ipynb')]);
  expect(readFileSync(place('books/runs.ipynb'), 'utf8')).toContain('../my-run');
});

test('what is no run is refused with the reason, and nothing is written', async ({ place }) => {
  writeFileSync(place('a.zip'), 'PK, but no more than that, and long enough to be looked at');
  mkdirSync(place('empty'));
  const cases: [command: string, args: string[], message: string][] = [
    [
      'import',
      [place('a.zip'), '--out', place('out')],
      `${place('a.zip')}: readZip(): no ZIP directory was found`,
    ],
    ['import', [place('none.zip'), '--out', place('out')], 'none.zip: there is no such run'],
    [
      'export',
      [place('empty'), '--to', place('out')],
      `${place('empty')}: readRun(): there is no config.json`,
    ],
    ['export', [place('empty'), '--as', 'zipp', '--to', place('out')], 'the nearest is zip'],
  ];
  for (const [command, args, message] of cases) {
    const { code, stderr } = await run(command, args);
    expect(stderr).toContain(`error: `);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
    expect(existsSync(place('out'))).toBe(false);
  }
});
