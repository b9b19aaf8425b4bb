/**
 * Entry of every npm script. Plain JavaScript on Node's own modules alone, because it has to run before
 * anything is installed: it sets up what is missing, then hands over to `cli/<command>.ts`.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkNode, generateFiles, installPackages } from './setup.mjs';

const COMMANDS =
  'train evaluate sweep collect reproduce export import start test screenshots recording import-tasks'.split(
    ' ',
  );
/** Options of ours that npm has no use for: in its environment they are there by mistake. */
const SWALLOWED =
  'method steps seed seeds policy tasks out quick set resume write to as cell parallel baseline measures only report'.split(
    ' ',
  );
/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * Runs `cli/<command>.ts`, passes signals on to it, and ends as it ended.
 * @param {string} command
 * @param {string[]} args
 */
function handOver(command, args) {
  const script = path.join(ROOT, 'cli', `${command}.ts`);
  // npm moves to the repository; paths on the command line are meant from where the person is.
  const cwd = process.env.npm_lifecycle_event && process.env.INIT_CWD ? process.env.INIT_CWD : process.cwd();
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script, ...args], {
    cwd,
    stdio: 'inherit',
  });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot start ${process.execPath}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
  });
}

/** @param {string} message */
function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}

const [command, ...args] = process.argv.slice(2);
// Without `--` npm keeps options for itself and says so only in passing: the run would be another one.
const swallowed = SWALLOWED.find((name) => process.env[`npm_config_${name}`] !== undefined);
if (swallowed) {
  fail(
    `npm kept --${swallowed} for itself: put \`--\` before the options, as in \`npm run ${command} -- --${swallowed}\``,
  );
}
if (command === undefined || !COMMANDS.includes(command)) {
  fail(
    `unknown command "${command ?? ''}"; run one of: ${COMMANDS.map((name) => `npm run ${name}`).join(', ')}`,
  );
}
try {
  checkNode(process.versions.node);
  installPackages(ROOT);
  if (!args.includes('--help')) generateFiles(ROOT);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
handOver(command, args);
