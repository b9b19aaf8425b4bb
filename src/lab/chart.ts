import type { Estimate } from '../runs/events.ts';
import { svg } from './dom.ts';

const WIDTH = 640;
const HEIGHT = 160;
const LEFT = 44;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;

/** The curve of the reward, with held-out pass@1 and its 95% intervals as points. Both live in 0 to 1. */
export class Chart {
  readonly element = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img' });
  #steps = 1;
  readonly #reward: [step: number, value: number][] = [];
  readonly #pass: [step: number, value: Estimate][] = [];

  constructor() {
    this.#draw();
  }

  addReward(step: number, value: number, totalSteps: number): void {
    this.#steps = totalSteps;
    if (Number.isFinite(value)) this.#reward.push([step, value]);
    this.#draw();
  }

  addPass(step: number, value: Estimate): void {
    this.#pass.push([step, value]);
    this.#draw();
  }

  #x(step: number): number {
    return LEFT + ((WIDTH - LEFT - RIGHT) * step) / this.#steps;
  }

  #y(value: number): number {
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(1, Math.max(0, value)));
  }

  #draw(): void {
    const grid = [0, 0.5, 1].flatMap((value) => {
      const y = this.#y(value);
      return [
        svg('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y, class: 'axis' }),
        svg('text', { x: LEFT - 6, y: y + 4, 'text-anchor': 'end' }, String(value)),
      ];
    });
    const last = svg(
      'text',
      { x: WIDTH - RIGHT, y: HEIGHT - 6, 'text-anchor': 'end' },
      `step ${this.#steps}`,
    );
    const points = this.#reward.map(([step, value]) => `${this.#x(step)},${this.#y(value)}`).join(' ');
    const passes = this.#pass.flatMap(([step, { value, low, high }]) => {
      const x = this.#x(step);
      return [
        svg('line', { x1: x, x2: x, y1: this.#y(low), y2: this.#y(high), class: 'pass' }),
        svg('circle', { cx: x, cy: this.#y(value), r: 3.5, class: 'pass' }),
      ];
    });
    const curve = svg('polyline', { points, class: 'reward' });
    this.element.replaceChildren(svg('title', {}, this.#inWords()), ...grid, last, curve, ...passes);
  }

  #inWords(): string {
    const reward = this.#reward.at(-1);
    const pass = this.#pass.at(-1);
    const parts = ['Reward and held-out pass@1 over the steps'];
    if (reward) parts.push(`reward ${reward[1].toFixed(3)} at step ${reward[0]}`);
    if (pass) parts.push(`pass@1 ${pass[1].value.toFixed(3)} at step ${pass[0]}`);
    return parts.join('; ');
  }
}
