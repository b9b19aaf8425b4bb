import { AlignmentPanel } from './alignment/AlignmentPanel.tsx';
import { GroupPanel } from './group/GroupPanel.tsx';
import { ProgramPanel } from './program/ProgramPanel.tsx';
import { RunPanel } from './run/RunPanel.tsx';
import { RunsPanel } from './runs/RunsPanel.tsx';
import { fetchShippedPolicy } from './shippedPolicy.ts';
import type { Lab } from './state/lab.ts';
import { changeView, isShown } from './state/store.ts';
import type { View } from './state/view.ts';
import { TryPanel } from './try/TryPanel.tsx';
import { Notices } from './ui/Notices.tsx';
import './lab.css';

/** The page, from far to near: the run, one group, one program or question, trying it, all runs. */
export function LabPage({ lab }: { lab: Lab }) {
  const { store } = lab;
  return (
    <>
      <Notices store={store} />
      <RunPanel lab={lab} />
      {isShown(store, 'group') && <GroupPanel lab={lab} />}
      <Near lab={lab} />
      {isShown(store, 'runs') && <RunsPanel lab={lab} />}
    </>
  );
}

/** What is nearest: the open completion's program, its alignment question, and the policy itself. */
function Near({ lab }: { lab: Lab }) {
  const { store, session, sandbox } = lab;
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
          trainer={store.liveId.value === undefined ? undefined : session.trainer}
          policy={fetchShippedPolicy}
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
