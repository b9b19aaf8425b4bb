/** Idle bytes that the pool may keep: batches differ in size from step to step, so most would never be used again. */
const MAX_IDLE_BYTES = 256 * 2 ** 20;

/** Smallest buffer; smaller ones would only add size classes. */
const SMALLEST = 256;

/**
 * GPU buffers for reuse, in tfjs's BufferManager's place. That one keys its pool by exact size and never empties
 * it, so batches of varying length grow it for ever; here sizes are rounded up to eight classes an octave (at
 * most an eighth is wasted) and idle bytes are bounded.
 */
export class BufferPool {
  /** Bytes of all buffers, in use or idle. */
  numBytesAllocated = 0;
  /** Bytes of the buffers in use. */
  numBytesUsed = 0;
  #idle = new Map<string, GPUBuffer[]>();
  #used = new Set<GPUBuffer>();

  constructor(private readonly device: GPUDevice) {}

  /** A buffer of at least `size` bytes. */
  acquireBuffer(size: number, usage: GPUBufferUsageFlags, mappedAtCreation = false, reuse = true): GPUBuffer {
    const bytes = sizeClass(size);
    const found = reuse ? this.#idle.get(`${bytes} ${usage}`)?.pop() : undefined;
    const buffer = found ?? this.device.createBuffer({ size: bytes, usage, mappedAtCreation });
    if (!found) this.numBytesAllocated += bytes;
    this.numBytesUsed += bytes;
    this.#used.add(buffer);
    return buffer;
  }

  /** Gives a buffer back; it is destroyed unless it may be used again. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    if (!this.#used.delete(buffer)) return; // of a pool that was disposed since
    this.numBytesUsed -= buffer.size;
    if (!reuse) {
      this.#destroy(buffer);
      return;
    }
    const key = `${buffer.size} ${buffer.usage}`;
    const siblings = this.#idle.get(key);
    if (siblings) siblings.push(buffer);
    else this.#idle.set(key, [buffer]);
  }

  /** Destroys idle buffers when they have grown too many. Recorded commands that name one must be submitted before. */
  trim(): void {
    if (this.numBytesAllocated - this.numBytesUsed > MAX_IDLE_BYTES) this.#destroyIdle();
  }

  /** Destroys everything. */
  dispose(): void {
    this.#destroyIdle();
    for (const buffer of this.#used) this.#destroy(buffer);
    this.#used.clear();
    this.numBytesUsed = 0;
  }

  #destroyIdle(): void {
    for (const buffer of [...this.#idle.values()].flat()) this.#destroy(buffer);
    this.#idle.clear();
  }

  #destroy(buffer: GPUBuffer): void {
    this.numBytesAllocated -= buffer.size;
    buffer.destroy();
  }
}

/** The next size of eight equal steps within its octave. */
export function sizeClass(size: number): number {
  if (size <= SMALLEST) return SMALLEST;
  const step = 2 ** (Math.floor(Math.log2(size)) - 3);
  return Math.ceil(size / step) * step;
}
