import type { Task } from '../../tasks/types.ts';
import { Tip } from '../ui/Tip.tsx';
import type { Asked } from './asked.ts';

/** What a person asks the policy. */
export interface Question {
  description: string;
  signature: string;
  temperature: number;
  seed: number;
}

const OWN = 'own';

/** The question: a task or one's own words, the temperature, the seed. */
export function Asking(props: {
  question: Question;
  /** Where the description comes from, while it is unchanged. */
  task: Task | undefined;
  choices: readonly { label: string; tasks: readonly Task[] }[];
  isWriting: boolean;
  asked: Asked;
  onChange: (question: Question) => void;
  onPick: (task: Task | undefined) => void;
  onAsk: () => Promise<void>;
}) {
  const { question, task, choices, isWriting, asked, onChange, onPick, onAsk } = props;
  const offered = choices.map(({ label, tasks }) => ({
    label,
    tasks: tasks.filter(({ id }) => id !== task?.id),
  }));
  const change = (some: Partial<Question>) => onChange({ ...question, ...some });
  const pick = (id: string) => onPick(choices.flatMap(({ tasks }) => tasks).find((one) => one.id === id));
  const submit = (event: Event) => {
    event.preventDefault();
    void onAsk();
  };
  return (
    <form class="asking" onSubmit={submit}>
      <label>
        <span>task</span>
        <select value={task?.id ?? OWN} onChange={(event) => pick(event.currentTarget.value)}>
          <option value={OWN}>my own words</option>
          {task && <option value={task.id}>{task.description}</option>}
          {offered
            .filter(({ tasks }) => tasks.length > 0)
            .map(({ label, tasks }) => (
              <optgroup key={label} label={label}>
                {tasks.map(({ id, description }) => (
                  <option key={id} value={id}>
                    {description}
                  </option>
                ))}
              </optgroup>
            ))}
        </select>
      </label>
      <label class="wide">
        <span>description</span>
        <input
          type="text"
          value={question.description}
          onInput={(event) => {
            change({ description: event.currentTarget.value });
            onPick(undefined);
          }}
        />
      </label>
      <label>
        <Tip help="0 always takes the most likely token; higher values make unlikely ones likelier.">
          temperature {question.temperature.toFixed(1)}
        </Tip>
        <input
          type="range"
          min={0}
          max={2}
          step={0.1}
          value={question.temperature}
          onInput={(event) => change({ temperature: Number(event.currentTarget.value) })}
        />
      </label>
      <label>
        <Tip help="The same seed draws the same tokens from the same policy; at temperature 0 nothing is drawn.">
          seed
        </Tip>
        <input
          type="number"
          min={0}
          step={1}
          value={question.seed}
          onInput={(event) => change({ seed: Math.max(0, Math.floor(Number(event.currentTarget.value))) })}
        />
      </label>
      <div class="buttons">
        <button type="submit" class="main" disabled={isWriting || question.description.trim() === ''}>
          {isWriting ? 'Writing' : 'Write a program'}
        </button>
        <span class="note">
          <Tip help={asked.help}>{asked.words}</Tip>
        </span>
      </div>
    </form>
  );
}
