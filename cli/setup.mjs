/** Steps that make a fresh clone ready, each skipped when there is nothing to do. Node's own modules only. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Vite needs what came with 20.19, and with 22.12 in the line after it. */
const OLDEST_MINOR = new Map([
  [20, 19],
  [22, 12],
]);

/** Files made from sources: the npm script that makes them, what it writes, what it reads. */
const GENERATED = [
  {
    script: 'generate:sandbox',
    output: 'generated/quickjs.wasm',
    sources: ['src/sandbox/build', 'package-lock.json'],
  },
  {
    script: 'generate:kernels',
    // The last file that it writes.
    output: 'generated/tfjs-shared.wasm',
    sources: ['src/tensor/simd', 'src/tensor/build', 'package-lock.json'],
  },
];

/**
 * Throws unless the version of Node is recent enough.
 * @param {string} version
 */
export function checkNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const oldest = OLDEST_MINOR.get(major);
  const recent = oldest === undefined ? major > 22 : minor >= oldest;
  if (!recent) {
    throw new Error(
      `Tracewright needs Node 20.19, 22.12 or newer, this is ${version}: see https://nodejs.org`,
    );
  }
}

/**
 * Runs an npm command in the repository; throws when it fails.
 * @param {string} root
 * @param {string[]} args
 */
function npm(root, args) {
  // npm tells its scripts where it lives; calling that file with Node works on every system.
  const cli = process.env.npm_execpath;
  const [command, ...words] = cli?.endsWith('.js') ? [process.execPath, cli, ...args] : ['npm', ...args];
  const shell = command === 'npm' && process.platform === 'win32';
  const result = spawnSync(command, words, { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (result.error) throw new Error(`cannot run npm: ${result.error.message}`);
  if (result.signal) throw new Error(`npm ${args.join(' ')}: ended by ${result.signal}`);
  if (result.status !== 0) throw new Error(`npm ${args.join(' ')}: failed with exit code ${result.status}`);
}

/**
 * What is missing from or different in the installed packages, compared with the lock file: the name of one
 * such package, or undefined. Compared by version, not by time, so that a fresh checkout does not reinstall.
 * @param {string} root
 */
export function packageToInstall(root) {
  const installedList = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedList)) return 'node_modules';
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedList, 'utf8')).packages;
  return Object.keys(wanted).find((name) => {
    if (name === '') return false;
    const here = installed[name];
    return here ? here.version !== wanted[name].version : !wanted[name].optional;
  });
}

/**
 * Installs the packages of the lock file where they are not installed yet.
 * @param {string} root
 */
export function installPackages(root) {
  if (packageToInstall(root) === undefined) return;
  console.error('Installing packages (once, about a minute) ...');
  npm(root, ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
}

/**
 * Time of the last change of a file, or of anything inside a directory; 0 when it does not exist.
 * @param {string} place
 * @returns {number}
 */
export function newestChange(place) {
  if (!existsSync(place)) return 0;
  const status = statSync(place);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(status.mtimeMs, ...readdirSync(place).map((name) => newestChange(path.join(place, name))));
}

/**
 * Makes the generated files that are missing or older than their sources.
 * @param {string} root
 */
export function generateFiles(root) {
  for (const { script, output, sources } of GENERATED) {
    const changed = Math.max(...sources.map((source) => newestChange(path.join(root, source))));
    if (newestChange(path.join(root, output)) > changed) continue;
    console.error(`Building ${output} ...`);
    npm(root, ['run', '--silent', script]);
  }
}
