import { openLab } from '../cli/lab.ts';
import { serveSite } from '../cli/server.ts';
import { buildSite } from '../cli/site.ts';
import type { Config } from '../src/runs/config.ts';
import type { PolicyFiles, StepMetrics } from '../src/runs/events.ts';
import { descendants } from './processes.ts';

/** What was held at one moment of a training, in bytes but for `step` and `tensors`. */
export interface MemorySample {
  step: number;
  tensors: number;
  /** Tensors' bytes, on `webgpu` the whole pool of buffers. */
  device: number;
  /** The memory of the wasm engine; 0 on `webgpu`. */
  wasm: number;
  /** Heaps of the page and its workers, measured by the browser. */
  heaps: number;
  /** All that the browser's processes hold; 0 where the system does not say. */
  browser: number;
}

/** Chromium measures heaps when it next collects them, a minute from now, unless it is told not to wait. */
const MEASURE_AT_ONCE = '--enable-blink-features=ForceEagerMeasureMemory';

/** How much more than at its start a long training may hold at its end: caches fill, heaps breathe. */
const SLACK: Record<keyof MemorySample, number> = {
  step: Number.POSITIVE_INFINITY,
  tensors: 1,
  device: 1.1,
  wasm: 1.25,
  heaps: 1.15,
  browser: 1.15,
};

/** Trains in a headless browser, and measures `samples` times at equal distances. */
export async function trainMeasured(
  config: Config,
  policy: PolicyFiles,
  samples: number,
  tell: (sample: MemorySample) => void = () => {},
): Promise<MemorySample[]> {
  const site = await serveSite(await buildSite());
  const measured: MemorySample[] = [];
  let latest: StepMetrics | undefined;
  try {
    const lab = await openLab(
      site,
      config.device,
      async (event) => {
        if (event.type === 'step') latest = event.metrics;
        // The trainer waits at checkpoints, so that each sample is of the same moment.
        if (event.type !== 'checkpoint' || !latest) return;
        const sample: MemorySample = {
          step: latest.step,
          tensors: latest['memory/tensors'],
          device: latest.memory_bytes,
          wasm: latest['memory/wasm_bytes'] ?? 0,
          heaps: await lab.memory(),
          browser: descendants(process.pid).reduce((sum, { memory }) => sum + memory, 0),
        };
        measured.push(sample);
        tell(sample);
      },
      [MEASURE_AT_ONCE],
    );
    try {
      const checkpoint_every = Math.max(1, Math.floor(config.steps / samples));
      await lab.train({ config: { ...config, checkpoint_every }, policy });
    } finally {
      await lab.close();
    }
  } finally {
    await site.close();
  }
  return measured;
}

/** What grew from the first third of the samples to the last one by more than it may; empty when all is flat. */
export function grown(samples: readonly MemorySample[]): string[] {
  const early = samples.slice(0, Math.ceil(samples.length / 3));
  const last = samples.at(-1)!;
  return (Object.keys(SLACK) as (keyof MemorySample)[]).flatMap((name) => {
    const most = Math.max(...early.map((sample) => sample[name]));
    return last[name] > most * SLACK[name] ? [`${name} from ${most} to ${last[name]}`] : [];
  });
}
