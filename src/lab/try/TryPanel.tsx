import type { PolicyFiles } from '../../runs/events.ts';
import type { Sandbox } from '../../sandbox/types.ts';
import type { Task } from '../../tasks/types.ts';
import type { TrainerClient } from '../trainer.ts';

/** What trying the policy needs. */
export interface TryProps {
  /** The live run's trainer, when there is one: it answers between updates with the policy as it is now. */
  trainer: TrainerClient | undefined;
  /** The policy of the open run as files, or the shipped one. */
  policy: () => Promise<PolicyFiles>;
  /** Tasks to pick from: those of the open step. */
  tasks: readonly Task[];
  sandbox: () => Promise<Sandbox>;
}

/** Ask the policy for a program, watch its tokens come, run it. */
export function TryPanel(_props: TryProps) {
  return null;
}
