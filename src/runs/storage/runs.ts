import type { Config } from '../config.ts';
import { checkpointSteps } from './checkpoints.ts';
import type { Directory } from './directory.ts';
import { type RunSummary, readStart, readSummary } from './record.ts';

/** A run in a directory of runs, without its data. */
export interface KeptRun {
  name: string;
  config: Config;
  /** Absent where a crash left half of it. */
  summary?: RunSummary;
  /** The step that it can go on from; undefined where there is no checkpoint. */
  savedStep?: number;
}

/** The runs in a directory of runs, such as `browserRuns()`; what is no run is left out. */
export async function listRuns(runs: Directory): Promise<KeptRun[]> {
  const kept: KeptRun[] = [];
  for (const name of await runs.directories()) {
    const directory = runs.directory(name);
    if ((await directory.size('config.json')) === undefined) continue;
    const { config } = await readStart(directory);
    const [savedStep] = await checkpointSteps(directory);
    kept.push({ name, config, summary: await readSummary(directory), savedStep });
  }
  return kept;
}

/**
 * All files of a run by path, as `readRun` and `packRun` of `../export/` take them.
 * @param but directories to leave out, such as `checkpoints`
 */
export async function readFiles(
  directory: Directory,
  but: readonly string[] = [],
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const name of await directory.files()) files[name] = (await directory.read(name))!;
  for (const name of await directory.directories()) {
    if (but.includes(name)) continue;
    for (const [path, bytes] of Object.entries(await readFiles(directory.directory(name)))) {
      files[`${name}/${path}`] = bytes;
    }
  }
  return files;
}
