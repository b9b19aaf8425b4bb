import type { Config } from '../../runs/config.ts';
import type {
  DeviceInfo,
  Evaluation,
  GroupDetail,
  RolloutRecord,
  RunEvent,
  StepMetrics,
} from '../../runs/events.ts';
import { formatProportion } from '../../runs/format.ts';

/** Where a run stands. `interrupted`: its page was closed before it ended; `elsewhere`: another tab trains it. */
export type Phase =
  | 'starting'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'finished'
  | 'stopped'
  | 'failed'
  | 'interrupted'
  | 'elsewhere';

/** All groups of one step; `details` has one entry for each group, or none where they were not kept. */
export interface StepRollouts {
  step: number;
  records: readonly RolloutRecord[];
  details: readonly GroupDetail[];
}

export interface NamedEvaluation extends Evaluation {
  name: 'before' | 'during' | 'after';
}

/** All that the page shows of one run; changed by {@link reduceRun} and by the buttons. */
export interface RunData {
  phase: Phase;
  /** What it is doing, in a few words. */
  message: string;
  device?: DeviceInfo;
  totalSteps: number;
  metrics: readonly StepMetrics[];
  evaluations: readonly NamedEvaluation[];
  /** Text of each token, by id. */
  vocabulary: readonly string[];
  warnings: readonly string[];
  /** The groups of the newest step. */
  latest?: StepRollouts;
  /** Steps whose groups can be opened, in order. */
  kept: readonly number[];
}

/** A run that has only just been asked for. */
export function newRunData(config: Pick<Config, 'steps'>): RunData {
  return {
    phase: 'starting',
    message: 'Starting.',
    totalSteps: config.steps,
    metrics: [],
    evaluations: [],
    vocabulary: [],
    warnings: [],
    kept: [],
  };
}

/** Phases of a run that has a trainer. */
export function isLive(phase: Phase): boolean {
  return phase === 'starting' || phase === 'running' || phase === 'paused' || phase === 'stopping';
}

/** What a run is after one more event. */
export function reduceRun(data: RunData, event: RunEvent): RunData {
  switch (event.type) {
    case 'device':
      return { ...data, device: event.device };
    case 'status':
      return { ...data, message: sentence(event.message) };
    case 'warning':
      return data.warnings.includes(event.message)
        ? data
        : { ...data, warnings: [...data.warnings, event.message] };
    case 'vocabulary':
      return { ...data, vocabulary: event.texts };
    case 'step': {
      const { metrics, totalSteps } = event;
      // A resumed run repeats the steps since its checkpoint.
      const before = data.metrics.filter(({ step }) => step < metrics.step);
      return {
        ...data,
        phase: data.phase === 'starting' ? 'running' : data.phase,
        message: `Step ${metrics.step} of ${totalSteps}.`,
        totalSteps,
        metrics: [...before, metrics],
      };
    }
    case 'rollouts': {
      const step = event.records[0]?.step;
      return step === undefined ? data : { ...data, latest: { step, records: event.records, details: [] } };
    }
    case 'groups': {
      if (data.latest?.step !== event.step) return data;
      const kept = [...data.kept.filter((step) => step < event.step), event.step];
      return { ...data, latest: { ...data.latest, details: event.details }, kept };
    }
    case 'evaluation': {
      const { name, evaluation } = event;
      const pass = evaluation.measures['pass@1'];
      const before = data.evaluations.filter(
        (other) => other.name !== name || other.step !== evaluation.step,
      );
      return {
        ...data,
        message: pass ? `Held-out pass@1 (${name}): ${formatProportion(pass)}.` : data.message,
        evaluations: [...before, { ...evaluation, name }],
      };
    }
    case 'resume': {
      const { before, during, after } = event.evaluations;
      const named = (name: NamedEvaluation['name'], ...some: (Evaluation | undefined)[]) =>
        some.flatMap((one) => (one ? [{ ...one, name }] : []));
      return {
        ...data,
        message: `Going on from step ${event.step}.`,
        metrics: data.metrics.filter(({ step }) => step <= event.step),
        kept: data.kept.filter((step) => step <= event.step),
        evaluations: [...named('before', before), ...named('during', ...during), ...named('after', after)],
      };
    }
    case 'checkpoint':
    case 'saved':
    case 'policy':
      return data;
    case 'done':
      return {
        ...data,
        phase: event.stopped ? 'stopped' : 'finished',
        message: `${event.stopped ? 'Stopped' : 'Finished'} after ${event.steps} steps.`,
      };
    default:
      event satisfies never;
      return data;
  }
}

/** A message with a capital and a full stop. */
export const sentence = (text: string) =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
