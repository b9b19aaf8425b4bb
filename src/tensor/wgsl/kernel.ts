/** Bytes of one dispatch's uniforms: WebGPU's alignment of dynamic offsets. */
export const UNIFORM_BYTES = 256;

/** Type of a storage buffer's elements. */
export type Element = 'f32' | 'vec2f' | 'vec4f' | 'i32' | 'u32';

/** A compute program over flat storage buffers. */
export interface Kernel {
  /** Unique: it names the compiled pipeline. */
  name: string;
  /** Buffers that it reads, then those that it writes, by the names that `code` uses. */
  reads: Record<string, Element>;
  writes: Record<string, Element>;
  /** Numbers that vary between dispatches; `code` reads them as `u.<name>`. */
  uniforms: Record<string, 'u32' | 'f32'>;
  /** Invocations of a workgroup. */
  workgroup: number;
  /**
   * WGSL that defines `fn run(index: u32)`, called by every invocation with its number; or, for a `cooperative`
   * kernel, `fn run(group: u32, local: u32)` with the numbers of the workgroup and of the invocation within it.
   */
  code: string;
  cooperative?: boolean;
  /** Whether `code` uses subgroup operations. */
  subgroups?: boolean;
}

/** A kernel compiled. */
export interface Pipeline {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/** The whole text of a kernel. */
export function wgslOf(kernel: Kernel): string {
  const { reads, writes, uniforms, workgroup, code, cooperative, subgroups } = kernel;
  const bindings = [
    ...Object.entries(reads).map(([name, element]) => ({ name, element, access: 'read' })),
    ...Object.entries(writes).map(([name, element]) => ({ name, element, access: 'read_write' })),
  ];
  return `${subgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n' : ''}
struct Uniforms { ${Object.entries(uniforms)
    .map(([name, type]) => `${name}: ${type}`)
    .join(', ')} };
@group(0) @binding(0) var<uniform> u: Uniforms;
${bindings
  .map(
    ({ name, element, access }, i) =>
      `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<${element}>;`,
  )
  .join('\n')}
${code}
@compute @workgroup_size(${workgroup})
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let group = id.x + id.y * groups.x;
  run(${cooperative ? 'group, local' : `group * ${workgroup}u + local`});
}`;
}

/** Compiled kernels of one device. */
export class PipelineCache {
  #pipelines = new Map<string, Pipeline>();

  constructor(private readonly device: GPUDevice) {}

  /** The kernel's pipeline, compiled on the spot where `compile` has not done so ahead. */
  get(kernel: Kernel): Pipeline {
    let found = this.#pipelines.get(kernel.name);
    if (!found) {
      const { layout, descriptor } = this.#describe(kernel);
      found = { layout, pipeline: this.device.createComputePipeline(descriptor) };
      this.#pipelines.set(kernel.name, found);
    }
    return found;
  }

  /** Compiles kernels ahead, without blocking. */
  async compile(kernels: readonly Kernel[]): Promise<void> {
    await Promise.all(
      kernels.map(async (kernel) => {
        if (this.#pipelines.has(kernel.name)) return;
        const { layout, descriptor } = this.#describe(kernel);
        const pipeline = await this.device.createComputePipelineAsync(descriptor);
        this.#pipelines.set(kernel.name, { layout, pipeline });
      }),
    );
  }

  #describe(kernel: Kernel): { layout: GPUBindGroupLayout; descriptor: GPUComputePipelineDescriptor } {
    const storage = (type: GPUBufferBindingType) => (_: unknown, i: number) => ({ type, i });
    const buffers = [
      ...Object.keys(kernel.reads).map(storage('read-only-storage')),
      ...Object.keys(kernel.writes).map(storage('storage')),
    ];
    const layout = this.device.createBindGroupLayout({
      entries: [
        {
          binding: 0,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: UNIFORM_BYTES },
        },
        ...buffers.map(({ type }, i) => ({
          binding: i + 1,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type },
        })),
      ],
    });
    const descriptor = {
      label: kernel.name,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: this.device.createShaderModule({ label: kernel.name, code: wgslOf(kernel) }),
        entryPoint: 'main',
      },
    };
    return { layout, descriptor };
  }
}
