import { SOFTWARE_WARNING } from '../../runs/format.ts';
import type { RunEntry } from '../state/store.ts';
import { Tip } from '../ui/Tip.tsx';

const BACKEND_HELP: Record<string, string> = {
  webgpu: 'The graphics processor computes, through WebGPU.',
  wasm: 'The main processor computes, through WebAssembly with SIMD.',
  cpu: 'The main processor computes, in plain JavaScript.',
};

/** What the open run computes, or computed, on. */
export function DeviceBadge({ run }: { run: RunEntry | undefined }) {
  const device = run?.data.value.device;
  if (!run || !device) return null;
  const where = run.origin === 'recorded' ? 'Recorded on this device, not here. ' : '';
  return (
    <>
      <Tip class="badge" help={`${where}${BACKEND_HELP[device.backend]}`}>
        {`${device.backend}: ${device.adapter}`}
      </Tip>
      {device.software && <span class="warning">This is {SOFTWARE_WARNING}.</span>}
    </>
  );
}
