import { spawn } from 'node:child_process';
import { encodeAddress } from '../src/lab/state/address.ts';
import { labConfigWith } from '../src/lab/state/config.ts';
import { DEFAULT_VIEW } from '../src/lab/state/view.ts';
import type { Config } from '../src/runs/config.ts';
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

/** The address of what was asked for, over the page's own set-up; nothing asked for is the page's own address. */
function queryFor(given: Partial<Config>): string {
  if (Object.keys(given).length === 0) return '';
  return `?${encodeAddress({ config: labConfigWith(given), view: DEFAULT_VIEW })}`;
}

await runCommand(async () => {
  const given = parseArguments(process.argv.slice(2), 'start');
  if (given.help) {
    console.log(helpText('start'));
    return 0;
  }
  const site = await serveSite(await buildSite(), given.port ?? PORT);
  const url = site.url + queryFor(given.given);
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
