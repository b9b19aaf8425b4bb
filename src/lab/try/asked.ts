import type { PolicyFiles } from '../../runs/events.ts';
import { fetchShippedPolicy } from '../shippedPolicy.ts';
import type { Lab } from '../state/lab.ts';
import type { Training } from '../training.ts';

/** The policy that answers whoever tries it. */
export interface Asked {
  /** Tells one policy from another. */
  key: string;
  /** Who answers, as a sentence. */
  words: string;
  help: string;
  /** A training that answers itself, between two updates. */
  training?: Training;
  /** The policy's files, for a writer of our own where nothing trains. */
  files: () => Promise<PolicyFiles>;
}

/** The policy in training; else that of the open run, where it has come to its end; else the one of the page. */
export function askedOf({ store, session, library }: Lab): Asked {
  if (store.liveId.value !== undefined && session.training) {
    return {
      key: store.liveId.value,
      words: 'The policy in training answers, as it is now.',
      help: 'It answers between two updates; ask again later, and it may answer better.',
      training: session.training,
      files: fetchShippedPolicy,
    };
  }
  const run = store.open.value;
  const phase = run?.data.value.phase;
  if (run?.origin === 'own' && (phase === 'finished' || phase === 'stopped')) {
    return {
      key: run.id,
      words: `The policy that “${run.name.value}” has trained answers.`,
      help: 'Open another run in the table below to ask its policy; the recorded run has the base policy.',
      files: async () => (await library.policy(run)) ?? missing(run.name.value),
    };
  }
  return {
    key: 'base',
    words: 'The base policy answers.',
    help: 'The policy that every run starts from: it came with the page and has seen examples only, no reward yet.',
    files: fetchShippedPolicy,
  };
}

function missing(name: string): never {
  throw new Error(
    `The policy of "${name}" was not kept in this browser (its disk may have been full). Open another run, or the recorded one for the base policy.`,
  );
}
