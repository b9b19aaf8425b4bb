import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Browser, chromium } from 'playwright';
import type { Config } from '../src/runs/config.ts';
import { UserError } from './errors.ts';

/** A browser of one's own choice: the path of its program. */
const CHOICE = 'TRACEWRIGHT_BROWSER';

const NAMES = [
  'google-chrome',
  'google-chrome-stable',
  'chromium',
  'chromium-browser',
  'chrome',
  'microsoft-edge',
];

/** Chrome talks to its maker in the background unless told not to; a training needs none of that. */
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

const isRoot = process.getuid?.() === 0;

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // Not there, or not ours to run: no candidate.
  }
}

function onPath(name: string): string[] {
  const directories = (process.env.PATH ?? '').split(path.delimiter);
  return directories.filter(Boolean).map((directory) => path.join(directory, name));
}

/** Where Chrome and its relatives are installed on each system, the likeliest first. */
function usualPlaces(): string[] {
  const { HOME = '', LOCALAPPDATA = '', PROGRAMFILES = '', 'PROGRAMFILES(X86)': x86 = '' } = process.env;
  switch (process.platform) {
    case 'darwin':
      return ['/Applications', path.join(HOME, 'Applications')].flatMap((directory) =>
        ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
          (name) => `${directory}/${name}.app/Contents/MacOS/${name}`,
        ),
      );
    case 'win32':
      return [PROGRAMFILES, x86, LOCALAPPDATA]
        .filter(Boolean)
        .flatMap((directory) => [
          path.join(directory, 'Google', 'Chrome', 'Application', 'chrome.exe'),
          path.join(directory, 'Chromium', 'Application', 'chrome.exe'),
          path.join(directory, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
        ]);
    default:
      return [...NAMES.flatMap(onPath), '/opt/google/chrome/chrome', '/snap/bin/chromium'];
  }
}

/** The programs that may be a browser for us: the chosen one alone, or Playwright's own, then the system's. */
export function browserCandidates(): string[] {
  const chosen = process.env[CHOICE];
  if (chosen) {
    if (!isProgram(chosen)) throw new UserError(`${CHOICE}="${chosen}": there is no program of that name`);
    return [chosen];
  }
  return [...new Set([chromium.executablePath(), ...usualPlaces()])].filter(isProgram);
}

/** Whether a program starts at all: it may lack libraries, or be a script that only says it is not installed. */
function answersVersion(program: string): boolean {
  if (process.platform !== 'linux') return true;
  return spawnSync(program, ['--version'], { timeout: 20_000, stdio: 'ignore' }).status === 0;
}

/** The first browser that is there, without starting it; undefined when there is none. */
export function findBrowser(): string | undefined {
  return browserCandidates().find(answersVersion);
}

function run(command: string, args: string[]): boolean {
  // Progress of an installation goes to stderr, so that stdout holds results alone.
  return spawnSync(command, args, { stdio: ['ignore', 2, 2] }).status === 0;
}

/** Installs a browser: Playwright's own, else the distribution's where root may. Returns whether one came. */
function installBrowser(): boolean {
  console.error('No Chrome or Chromium found: installing one (once) ...');
  const playwright = path.join(path.dirname(createRequire(import.meta.url).resolve('playwright')), 'cli.js');
  const withDeps = isRoot && process.platform === 'linux' ? ['--with-deps'] : [];
  const install = [playwright, 'install', '--no-shell', ...withDeps, 'chromium'];
  if (run(process.execPath, install) && existsSync(chromium.executablePath())) return true;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) return false;
  console.error("Playwright's download failed: trying the distribution's chromium package ...");
  return (
    run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])
  );
}

/** The first browser that is there, installing one where there is none. */
export function ensureBrowser(): string {
  const found = findBrowser() ?? (installBrowser() ? findBrowser() : undefined);
  if (found) return found;
  throw new UserError(
    'no Chrome or Chromium found, and none could be installed: install Google Chrome or Chromium, ' +
      `or set ${CHOICE} to the path of one` +
      (process.platform === 'linux'
        ? ' (a downloaded one may lack libraries: sudo npx playwright install-deps)'
        : ''),
  );
}

/**
 * Flags for a browser that trains. `auto` takes what plain Chrome offers, and so a hardware adapter or none;
 * an explicit `webgpu` also opens adapters that Chrome holds back, among them its software adapter.
 */
export function browserFlags(device: Config['device']): string[] {
  return device === 'webgpu' ? [...QUIET, '--enable-unsafe-webgpu'] : QUIET;
}

/** Starts a headless browser. */
export async function launchBrowser(
  device: Config['device'],
  flags: readonly string[] = [],
): Promise<Browser> {
  const executablePath = ensureBrowser();
  try {
    return await chromium.launch({
      executablePath,
      args: [...browserFlags(device), ...flags],
      // Ctrl-C ends a run in order; Playwright must not take the browser away first.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    const reason = (error as Error).message.split('\n').slice(0, 12).join('\n');
    throw new UserError(`cannot start ${executablePath} (set ${CHOICE} to use another): ${reason}`);
  }
}
