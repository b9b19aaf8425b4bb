import { spawn } from 'node:child_process';
import { encodeQuery } from '../src/runs/options.ts';
import { INTERRUPTED, runCommand } from './errors.ts';
import { parseArguments } from './flags.ts';
import { helpText } from './help.ts';
import { onInterrupt } from './interrupt.ts';
import { serveSite } from './server.ts';
import { buildSite } from './site.ts';

const PORT = 4170;

/** The command that opens an address in the user's own browser; undefined where there is no display. */
function opener(): string | undefined {
  if (process.env.CI) return undefined;
  if (process.platform === 'darwin') return 'open';
  if (process.platform === 'win32') return 'explorer';
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? 'xdg-open' : undefined;
}

function openWindow(url: string): void {
  const command = opener();
  if (!command) return;
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', (error) =>
    console.error(`cannot open a window (${error.message}): open the address by hand`),
  );
  child.unref();
}

await runCommand(async () => {
  const given = parseArguments(process.argv.slice(2), 'start');
  if (given.help) {
    console.log(helpText('start'));
    return 0;
  }
  const site = await serveSite(await buildSite(), given.port ?? PORT);
  const query = encodeQuery(given.config);
  const url = query ? `${site.url}?${query}` : site.url;
  const ended = new Promise<number>((resolve, reject) => {
    onInterrupt(
      () => site.close().then(() => resolve(0), reject),
      () => process.exit(INTERRUPTED),
    );
  });
  console.log(`Tracewright is at ${url} (Chrome or Edge is best; Ctrl-C ends)`);
  openWindow(url);
  return ended;
});
