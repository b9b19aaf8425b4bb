import type { ComponentChildren } from 'preact';
import { AlignmentPanel } from './alignment/AlignmentPanel.tsx';
import { GroupPanel } from './group/GroupPanel.tsx';
import { Masthead } from './Masthead.tsx';
import { ProgramPanel } from './program/ProgramPanel.tsx';
import { RunPanel } from './run/RunPanel.tsx';
import { RunsPanel } from './runs/RunsPanel.tsx';
import type { Lab } from './state/lab.ts';
import { changeView, isShown, type Store } from './state/store.ts';
import type { View } from './state/view.ts';
import { askedOf } from './try/asked.ts';
import { TryPanel } from './try/TryPanel.tsx';
import { Notices } from './ui/Notices.tsx';
import { TipLayer } from './ui/Tip.tsx';
import './lab.css';
import './near.css';

/** The page, from far to near: the run, one group, one program or question, trying it, all runs. */
export function LabPage({ lab }: { lab: Lab }) {
  const { store } = lab;
  return (
    <>
      <Masthead store={store} />
      <Notices store={store} />
      <RunPanel lab={lab} />
      <ReadingPlace store={store}>
        {isShown(store, 'group') && <GroupPanel lab={lab} />}
        <Near lab={lab} />
      </ReadingPlace>
      {isShown(store, 'runs') && <RunsPanel lab={lab} />}
      <TipLayer />
    </>
  );
}

/** While the pointer or the focus is in here, somebody reads: the newest step waits. */
function ReadingPlace({ store, children }: { store: Store; children: ComponentChildren }) {
  const hold = (held: boolean) => () => {
    store.held.value = held;
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only notices that somebody reads.
    <div
      class="near"
      onMouseEnter={hold(true)}
      onMouseLeave={hold(false)}
      onFocusIn={hold(true)}
      onFocusOut={hold(false)}
    >
      {children}
    </div>
  );
}

/** What is nearest: the open completion's program, its alignment question, and the policy itself. */
function Near({ lab }: { lab: Lab }) {
  const { store, sandbox } = lab;
  const change = (view: Partial<View>) => changeView(store, view);
  const selection = store.selection.value;
  const alignment = selection && alignmentOf(selection);
  return (
    <>
      {isShown(store, 'program') && selection?.record.source === 'code' && (
        <ProgramPanel
          record={selection.record}
          task={selection.detail?.task}
          sandbox={sandbox}
          view={store.view.value}
          changeView={change}
        />
      )}
      {isShown(store, 'alignment') && alignment && <AlignmentPanel {...alignment} changeView={change} />}
      {isShown(store, 'try') && (
        <TryPanel
          asked={askedOf(lab)}
          tasks={selection?.rollouts.details.flatMap(({ task }) => task ?? []) ?? []}
          sandbox={sandbox}
        />
      )}
    </>
  );
}

/** The open alignment group, or the first of the step where a code group is open. */
function alignmentOf({ run, rollouts, record }: NonNullable<Lab['store']['selection']['value']>) {
  const asked = rollouts.records.filter(({ source }) => source === 'alignment');
  const groups = [...new Set(asked.map(({ group }) => group))];
  const open = record.source === 'alignment' ? record.group : groups[0];
  return {
    records: asked.filter(({ group }) => group === open),
    item: rollouts.details.find(({ group }) => group === open)?.item,
    metrics: run.data.value.metrics.find(({ step }) => step === rollouts.step),
    groups,
  };
}
