import type { Config } from '../../runs/config.ts';
import type { RolloutRecord } from '../../runs/events.ts';
import type { Task } from '../../tasks/types.ts';
import type { View } from '../state/view.ts';
import { VERDICT_TERMS } from '../terms.ts';
import { TermTip } from '../ui/Figure.tsx';
import { Tip } from '../ui/Tip.tsx';
import { type Arithmetic, signed, workedOut } from './arithmetic.ts';
import { TestDots } from './TestDots.tsx';
import { TokenText } from './TokenText.tsx';
import type { Token } from './tokens.ts';

export interface CompletionProps {
  record: RolloutRecord;
  tokens: readonly Token[] | undefined;
  task: Task | undefined;
  colour: View['colour'];
  arithmetic: Arithmetic;
  config: Config;
  isOpen: boolean;
  onOpen: () => void;
}

/** One completion of the group: what it wrote, how it did, and why it earned what it earned. */
export function Completion(props: CompletionProps) {
  const { record, tokens, task, colour, arithmetic, config, isOpen, onOpen } = props;
  const title = `completion-${record.group}-${record.sample}`;
  return (
    <article class={isOpen ? 'completion open' : 'completion'} aria-labelledby={title}>
      <header>
        <h3 id={title}>Answer {record.sample + 1}</h3>
        <Verdict record={record} />
        <button type="button" class="toggle" aria-pressed={isOpen} onClick={onOpen}>
          {isOpen ? 'Opened' : 'Open'}
        </button>
      </header>
      {tokens ? (
        <TokenText signature={task?.signature ?? ''} tokens={tokens} record={record} colour={colour} />
      ) : (
        <pre>
          <span class="signature">{task?.signature}</span>
          {record.completion}
        </pre>
      )}
      <TestDots record={record} task={task} />
      <dl class="parts">
        <div>
          <dt>
            <TermTip name="reward" term={{ label: 'reward', unit: '', help: rewardHelp(record, config) }} />
          </dt>
          <dd>{Number(record.reward.toFixed(3))}</dd>
        </div>
        {Object.entries(record.parts).map(([name, value]) => (
          <div key={name}>
            <dt>
              <TermTip name={name} />
            </dt>
            <dd>{Number(value.toFixed(3))}</dd>
          </div>
        ))}
      </dl>
      <Advantage record={record} worked={workedOut(record, arithmetic, config)} />
    </article>
  );
}

function Verdict({ record }: { record: RolloutRecord }) {
  const name = record.terminated ? (record.verdict ?? 'answer') : 'cut_off';
  const term = VERDICT_TERMS[name];
  if (!term) return <span class="verdict">answer</span>;
  const error = record.detail?.error;
  const line = record.detail?.line;
  const why =
    typeof error === 'string'
      ? ` It says: ${error}${typeof line === 'number' ? ` (line ${line})` : ''}.`
      : '';
  return (
    <Tip class={`verdict verdict-${name}`} help={term.help + why}>
      {term.label}
    </Tip>
  );
}

function rewardHelp(record: RolloutRecord, config: Config): string {
  if (record.source !== 'alignment')
    return 'A program earns 1 when all its tests pass and it ended by itself, else 0.';
  return config.align_reward === 'paper'
    ? 'The share of asked variables that are right.'
    : '0.1 for an answer that can be read, plus 0.9 times the share of asked values that are right.';
}

/** The advantage as a bar to the right (more likely) or to the left (less likely), and how it is worked out. */
function Advantage({ record, worked }: { record: RolloutRecord; worked: string | undefined }) {
  const share = Math.min(1, Math.abs(record.advantage) / 2.5) * 50;
  const isUp = record.advantage >= 0;
  return (
    <div class="advantage">
      <TermTip name="advantage" />
      <span class="bar" aria-hidden="true">
        <i
          class={isUp ? 'up' : 'down'}
          style={{ width: `${share}%`, left: isUp ? '50%' : `${50 - share}%` }}
        />
      </span>
      <strong>{signed(record.advantage)}</strong>
      <small class="worked">{worked}</small>
    </div>
  );
}
