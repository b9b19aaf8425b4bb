import { readdirSync, readFileSync } from 'node:fs';

/** A process below another one. */
export interface Descendant {
  pid: number;
  command: string;
  /** Bytes of memory, those that it shares divided among the processes that do. */
  memory: number;
}

/** The processes below one, as Linux tells them; none on other systems. */
export function descendants(pid: number): Descendant[] {
  if (process.platform !== 'linux') return [];
  const children = readdirSync('/proc').flatMap((name) => {
    const found = /^\d+$/.test(name) ? readProcess(name) : undefined;
    return found?.parent === pid ? [found] : [];
  });
  return children.flatMap((child) => [child, ...descendants(child.pid)]);
}

function readProcess(name: string): (Descendant & { parent: number }) | undefined {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    const [, command, parent] = /\((.*)\) \S (\d+)/s.exec(stat)!;
    const [, kilobytes] = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${name}/smaps_rollup`, 'utf8')) ?? [];
    const memory = Number(kilobytes ?? 0) * 1024;
    return { pid: Number(name), command: command!, parent: Number(parent), memory };
  } catch {
    return undefined; // Ended meanwhile.
  }
}
