import type { Kernel } from './kernel.ts';

/** A family of kernels: each member is made once, when first asked for. */
export function variants<Choice extends (number | boolean | string)[]>(
  make: (...choice: Choice) => Kernel,
): (...choice: Choice) => Kernel {
  const made = new Map<string, Kernel>();
  return (...choice) => {
    const key = choice.join(' ');
    const kernel = made.get(key) ?? make(...choice);
    made.set(key, kernel);
    return kernel;
  };
}

/** 0, 1, ... count - 1: kernels are unrolled by hand, for not every compiler keeps arrays in registers. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** One line of text for each number below `count`. */
export function lines(count: number, line: (i: number) => string): string {
  return range(count).map(line).join('\n');
}
