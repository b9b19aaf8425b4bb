import type { CheckpointFiles } from '../events.ts';
import type { Directory } from './directory.ts';

/** Where the checkpoints of a run lie: `checkpoints/step-00000020/`. */
const CHECKPOINTS = 'checkpoints';
const MANIFEST = 'manifest.json';
const NAME = /^step-(\d{8,})$/;

/** Lengths of files that grow with a run (`metrics.jsonl`, ...), in bytes, at the moment of a checkpoint. */
export type Marks = Record<string, number>;

/** `manifest.json`, written last: a checkpoint without it, or that differs from it, was torn and does not count. */
interface Manifest {
  step: number;
  /** Size and SHA-256 of every file of the checkpoint. */
  files: Record<string, { bytes: number; sha256: string }>;
  /** How much of the run's growing files belongs to it. */
  marks: Marks;
}

/** A checkpoint as it was found in a storage, checked against its manifest. */
export interface StoredCheckpoint {
  step: number;
  files: CheckpointFiles;
  marks: Marks;
}

const nameOf = (step: number) => `step-${String(step).padStart(8, '0')}`;

/** Where the checkpoint of a step lies, from the run's directory. */
export function checkpointPlace(step: number): string {
  return `${CHECKPOINTS}/${nameOf(step)}`;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The steps of the checkpoints of a run, whole or not, the latest first. */
export async function checkpointSteps(run: Directory): Promise<number[]> {
  const names = await run.directory(CHECKPOINTS).directories();
  const steps = names.flatMap((name) => {
    const match = NAME.exec(name);
    return match ? [Number(match[1])] : [];
  });
  return steps.sort((a, b) => b - a);
}

/** Writes a checkpoint. It counts from the moment when its manifest is there, which is written last. */
export async function writeCheckpoint(run: Directory, checkpoint: StoredCheckpoint): Promise<void> {
  const { step, files, marks } = checkpoint;
  const directory = run.directory(CHECKPOINTS).directory(nameOf(step));
  await directory.remove(MANIFEST);
  const manifest: Manifest = { step, files: {}, marks };
  for (const [name, bytes] of Object.entries(files)) {
    await directory.write(name, bytes);
    manifest.files[name] = { bytes: bytes.length, sha256: await sha256(bytes) };
  }
  await directory.write(MANIFEST, new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`));
}

/** Removes all but the latest `keep` checkpoints. */
export async function pruneCheckpoints(run: Directory, keep: number): Promise<void> {
  for (const step of (await checkpointSteps(run)).slice(keep)) await removeCheckpoint(run, step);
}

/** Removes the checkpoint of one step, its manifest first, so that what is left of it never counts. */
export async function removeCheckpoint(run: Directory, step: number): Promise<void> {
  const checkpoints = run.directory(CHECKPOINTS);
  await checkpoints.directory(nameOf(step)).remove(MANIFEST);
  await checkpoints.remove(nameOf(step));
}

/**
 * The latest checkpoint that is whole: its files have the sizes and digests of its manifest, and the run's growing
 * files are as long as it says. Those that are not are passed over.
 * @param torn told what is wrong with each checkpoint that was passed over
 */
export async function latestCheckpoint(
  run: Directory,
  torn: (message: string) => void,
): Promise<StoredCheckpoint | undefined> {
  for (const step of await checkpointSteps(run)) {
    try {
      return await readCheckpoint(run, step);
    } catch (error) {
      torn(`checkpoint of step ${step}: ${(error as Error).message}; the one before it is used`);
    }
  }
  return undefined;
}

/**
 * Reads the checkpoint of a step.
 * @throws Error that says which file is missing or damaged
 */
export async function readCheckpoint(run: Directory, step: number): Promise<StoredCheckpoint> {
  const directory = run.directory(CHECKPOINTS).directory(nameOf(step));
  const text = await directory.read(MANIFEST);
  if (!text) throw new Error(`${MANIFEST} is missing, so it was never finished`);
  const manifest = JSON.parse(new TextDecoder().decode(text)) as Manifest;
  const files: CheckpointFiles = {};
  for (const [name, { bytes, sha256: digest }] of Object.entries(manifest.files)) {
    const content = await directory.read(name);
    if (content?.length !== bytes) {
      throw new Error(`${name} has ${content?.length ?? 'no'} bytes, its manifest says ${bytes}`);
    }
    if ((await sha256(content)) !== digest)
      throw new Error(`${name} does not have the digest of its manifest`);
    files[name] = content;
  }
  for (const [name, length] of Object.entries(manifest.marks)) {
    const size = (await run.size(name)) ?? 0;
    if (size < length) throw new Error(`${name} has ${size} bytes, the checkpoint came after ${length}`);
  }
  return { step, files, marks: manifest.marks };
}
