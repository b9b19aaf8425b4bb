import { flops, type Product } from './cases.ts';
import type { Plan, ProductRow } from './results.ts';
import type { Turns } from './turns.ts';

/** The rate of each product in each contender. */
export async function measureProducts(turns: Turns, products: Product[], plan: Plan): Promise<ProductRow[]> {
  const rows: ProductRow[] = [];
  for (const product of products) {
    const seconds = await turns.each('product', ({ bench }) => bench.product(product, plan.seconds / 120));
    const gflops = Object.fromEntries([...seconds].map(([name, s]) => [name, flops(product) / s / 1e9]));
    rows.push({ product, gflops });
  }
  return rows;
}

/** Seconds of all products of a step, each at the best rate of any contender in the browser. */
export function rooflineSeconds(rows: ProductRow[]): number {
  return rows.reduce((sum, { product, gflops }) => {
    const rates = Object.entries(gflops).map(([name, rate]) => (name === 'pytorch' ? 0 : rate));
    return sum + (product.times * flops(product)) / (1e9 * Math.max(...rates));
  }, 0);
}
