/**
 * Entry of every npm script. Plain JavaScript on Node's own modules alone, because it has to run before
 * anything is installed: it sets up what is missing, then hands over to `cli/<command>.ts`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkNode, generateFiles, installPackages } from './setup.mjs';

const COMMANDS = ['train', 'evaluate', 'start', 'test'];
const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Runs `cli/<command>.ts`, passes signals on to it, and ends as it ended. */
function handOver(command, args) {
  const script = path.join(ROOT, 'cli', `${command}.ts`);
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot start ${process.execPath}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
  });
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}

const [command, ...args] = process.argv.slice(2);
if (!COMMANDS.includes(command) || !existsSync(path.join(ROOT, 'package.json'))) {
  fail(
    `unknown command "${command ?? ''}"; run one of: ${COMMANDS.map((name) => `npm run ${name}`).join(', ')}`,
  );
}
try {
  checkNode(process.versions.node);
  installPackages(ROOT);
  if (!args.includes('--help')) generateFiles(ROOT);
} catch (error) {
  fail(error.message);
}
handOver(command, args);
