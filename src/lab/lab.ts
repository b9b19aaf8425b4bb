import type { DeviceInfo, Evaluation, RunEvent } from '../runs/events.ts';
import { formatProportion, SOFTWARE_WARNING } from '../runs/format.ts';
import { decodeQuery, needsPolicy } from '../runs/options.ts';
import { Chart } from './chart.ts';
import { Controls } from './controls.ts';
import { element } from './dom.ts';
import { Numbers } from './numbers.ts';
import { Rollouts } from './rollouts.ts';
import { fetchShippedPolicy } from './shippedPolicy.ts';
import { TrainerClient } from './trainer.ts';

type Phase = 'idle' | 'running' | 'paused' | 'stopping';

/** The page: starts and steers one run at a time, and shows what it tells. */
class Lab {
  #trainer: TrainerClient | undefined;
  #chart = new Chart();
  #numbers = new Numbers();
  #rollouts = new Rollouts();
  readonly #controls: Controls;

  readonly #device = element('span', { className: 'badge' }, 'no device yet');
  readonly #warning = element('p', { className: 'warning' });
  readonly #error = element('p', { className: 'error', role: 'alert' });
  readonly #status = element('p', { className: 'note', role: 'status' }, 'Ready.');
  readonly #progress = element('progress', { value: 0, max: 1 });
  readonly #chartPlace = element('div');
  readonly #numbersPlace = element('div');
  readonly #rolloutsPlace = element('div');

  readonly #start = this.#button('Start', () => this.#run(), 'main');
  readonly #pause = this.#button('Pause', () => this.#steer('paused', (trainer) => trainer.pause()));
  readonly #resume = this.#button('Resume', () => this.#steer('running', (trainer) => trainer.resume()));
  readonly #step = this.#button('Step', () => this.#steer('paused', (trainer) => trainer.stepOnce()));
  readonly #stop = this.#button('Stop', () => this.#steer('stopping', (trainer) => trainer.stop()));

  constructor(place: HTMLElement) {
    const { config, problems } = decodeQuery(location.search);
    this.#controls = new Controls(config);
    this.#clear();
    this.#error.textContent = problems.map((problem) => `In the address: ${problem}`).join('\n');
    const lead = 'A small policy learns to write JavaScript here, from what its programs do when they run.';
    place.replaceChildren(
      element(
        'header',
        {},
        element('h1', {}, 'Tracewright'),
        this.#device,
        element('p', { className: 'lead' }, lead),
      ),
      element(
        'section',
        {},
        this.#controls.element,
        element('p'),
        element(
          'div',
          { className: 'buttons' },
          this.#start,
          this.#pause,
          this.#resume,
          this.#step,
          this.#stop,
        ),
        this.#status,
        this.#progress,
        this.#warning,
        this.#error,
      ),
      element(
        'section',
        {},
        element(
          'h2',
          {},
          element('span', { className: 'key-reward' }, 'reward'),
          ' and ',
          element('span', { className: 'key-pass' }, 'held-out pass@1 with 95% interval'),
        ),
        this.#chartPlace,
      ),
      element('section', {}, element('h2', {}, 'Latest step'), this.#numbersPlace),
      element('section', {}, element('h2', {}, 'One group of answers'), this.#rolloutsPlace),
    );
    this.#enter('idle');
  }

  #button(text: string, act: () => Promise<void>, className = ''): HTMLButtonElement {
    const onclick = () => {
      act().catch((error: Error) => {
        this.#error.textContent = error.message;
      });
    };
    return element('button', { type: 'button', className, onclick }, text);
  }

  #enter(phase: Phase): void {
    const idle = phase === 'idle';
    this.#controls.enabled = idle;
    this.#start.disabled = !idle;
    this.#pause.disabled = phase !== 'running';
    this.#resume.disabled = phase !== 'paused';
    this.#step.disabled = phase !== 'running' && phase !== 'paused';
    this.#stop.disabled = phase !== 'running' && phase !== 'paused';
  }

  #clear(): void {
    this.#chart = new Chart();
    this.#numbers = new Numbers();
    this.#rollouts = new Rollouts();
    this.#chartPlace.replaceChildren(this.#chart.element);
    this.#numbersPlace.replaceChildren(this.#numbers.element);
    this.#rolloutsPlace.replaceChildren(this.#rollouts.element);
    this.#progress.value = 0;
    this.#error.textContent = '';
  }

  async #run(): Promise<void> {
    const config = this.#controls.config;
    this.#clear();
    this.#enter('running');
    this.#status.textContent = 'Starting.';
    try {
      const policy = needsPolicy(config.method) ? await fetchShippedPolicy() : {};
      this.#trainer = new TrainerClient();
      await this.#trainer.train(config, policy, (event) => this.#take(event));
    } catch (error) {
      this.#status.textContent = 'The run failed.';
      throw error;
    } finally {
      this.#trainer?.dispose();
      this.#trainer = undefined;
      this.#enter('idle');
    }
  }

  async #steer(phase: Phase, act: (trainer: TrainerClient) => Promise<void>): Promise<void> {
    const trainer = this.#trainer;
    if (!trainer) return;
    this.#enter(phase);
    await act(trainer);
    // The run may have ended while the worker answered.
    if (this.#trainer === trainer && phase === 'stopping')
      this.#status.textContent = 'Stopping after this step.';
  }

  #take(event: RunEvent): void {
    switch (event.type) {
      case 'device':
        this.#showDevice(event.device);
        return;
      case 'status':
        this.#status.textContent = event.message;
        return;
      case 'warning':
        this.#warning.textContent = event.message;
        return;
      case 'step':
        this.#progress.max = event.totalSteps;
        this.#progress.value = event.metrics.step;
        this.#status.textContent = `Step ${event.metrics.step} of ${event.totalSteps}.`;
        this.#numbers.show(event.metrics);
        this.#chart.addReward(event.metrics.step, event.metrics.reward ?? Number.NaN, event.totalSteps);
        return;
      case 'rollouts':
        this.#rollouts.show(event.records);
        return;
      case 'evaluation':
        this.#showEvaluation(event.name, event.evaluation);
        return;
      case 'policy':
        return;
      case 'done':
        this.#status.textContent = `${event.stopped ? 'Stopped' : 'Finished'} after ${event.steps} steps.`;
        return;
      default:
        event satisfies never;
    }
  }

  #showDevice(device: DeviceInfo): void {
    this.#device.textContent = `${device.backend}: ${device.adapter}`;
    this.#warning.textContent = device.software ? `This is ${SOFTWARE_WARNING}.` : '';
  }

  #showEvaluation(name: string, evaluation: Evaluation): void {
    const pass = evaluation.measures['pass@1'];
    if (!pass) return;
    this.#chart.addPass(evaluation.step, pass);
    this.#status.textContent = `Held-out pass@1 (${name}): ${formatProportion(pass)}.`;
  }
}

/** Builds the page inside an element. */
export function startLab(place: HTMLElement): void {
  new Lab(place);
}
