import type { Lab } from '../state/lab.ts';
import { changeView, groupKey, type Selection, type Store } from '../state/store.ts';
import { TOKEN_COLOURS, type View } from '../state/view.ts';
import { Panel } from '../ui/Panel.tsx';
import { Tip } from '../ui/Tip.tsx';
import { arithmeticOf } from './arithmetic.ts';
import { Completion } from './Completion.tsx';
import { GroupStrip } from './GroupStrip.tsx';
import { Prompt } from './Prompt.tsx';
import { StepBar } from './StepBar.tsx';
import { tokensOf } from './tokens.ts';

/** One prompt and its completions side by side. */
export function GroupPanel({ lab }: { lab: Lab }) {
  const { store } = lab;
  const selection = store.selection.value;
  return (
    <Panel
      id="group"
      title="One group of answers"
      lead="One prompt, answered several times. What did better than the group's mean becomes more likely, what did worse less likely."
    >
      <StepBar store={store} />
      {selection ? <Group store={store} selection={selection} /> : <p class="note">{emptyReason(store)}</p>}
    </Panel>
  );
}

/** Why there is no group to show. */
function emptyReason(store: Store): string {
  const run = store.open.value;
  const { step } = store.view.value;
  if (!run) return 'Groups appear with the first step of a run.';
  const { kept, phase } = run.data.value;
  if (run.config.method === 'sft')
    return 'Supervised training learns from given examples; nothing is sampled, so there are no groups.';
  if (step !== undefined && !kept.includes(step)) {
    const isAhead =
      step > (kept.at(-1) ?? 0) && (phase === 'running' || phase === 'paused' || phase === 'starting');
    return isAhead
      ? `The address opens step ${step}; this run will show it when it gets there.`
      : `This run has kept no groups of step ${step}; choose another step.`;
  }
  return kept.length > 0 ? 'Reading.' : 'Groups appear with the first step of the run.';
}

function Group({ store, selection }: { store: Store; selection: Selection }) {
  const { run, rollouts, records, detail, record } = selection;
  const { colour } = store.view.value;
  const arithmetic = arithmeticOf(records, run.config);
  const after = store.updated.value.get(groupKey(run.id, rollouts.step, record.group));
  // What is opened stays open while the run goes on.
  const open = (change: Partial<View>) =>
    changeView(store, {
      step: rollouts.step,
      group: record.group,
      test: undefined,
      trace: undefined,
      ...change,
    });
  return (
    <>
      <GroupStrip
        rollouts={rollouts}
        open={record.group}
        isRecorded={run.origin === 'recorded'}
        onOpen={(group) => open({ group, sample: undefined })}
      />
      <Prompt record={record} detail={detail} />
      <div class="group-tools">
        <p class="arithmetic">{arithmetic.text}</p>
        <ColourChoice store={store} />
      </div>
      {colour === 'change' && (
        <p class="note">
          {after
            ? `Change of each token's log-probability from before the update of step ${rollouts.step} to after step ${after.step}.`
            : 'The change is asked of the trainer while the run is live, and is known for the groups that were open then.'}
        </p>
      )}
      <div class="completions">
        {records.map((one) => (
          <Completion
            key={one.sample}
            record={one}
            tokens={tokensOf(detail, one.sample, run.data.value.vocabulary, after?.logProbs)}
            task={detail?.task}
            colour={colour}
            arithmetic={arithmetic}
            config={run.config}
            isOpen={one === record}
            onOpen={() => open({ sample: one.sample })}
          />
        ))}
      </div>
    </>
  );
}

const COLOUR_WORDS: Record<View['colour'], { label: string; help: string }> = {
  none: { label: 'nothing', help: 'No colours.' },
  advantage: {
    label: 'advantage',
    help: 'Every token carries the advantage of its completion: blue becomes more likely, orange less.',
  },
  log_prob: {
    label: 'surprise',
    help: 'How unlikely the policy found its own token (its log-probability): the stronger, the rarer.',
  },
  change: {
    label: 'change by the update',
    help: 'How the update changed the log-probability of each token: blue rose, orange fell.',
  },
};

function ColourChoice({ store }: { store: Store }) {
  return (
    <fieldset class="choice">
      <legend>colour tokens by</legend>
      {TOKEN_COLOURS.map((colour) => (
        <label key={colour}>
          <input
            type="radio"
            name="colour"
            value={colour}
            checked={store.view.value.colour === colour}
            onChange={() => changeView(store, { colour })}
          />
          <Tip help={COLOUR_WORDS[colour].help}>{COLOUR_WORDS[colour].label}</Tip>
        </label>
      ))}
    </fieldset>
  );
}
