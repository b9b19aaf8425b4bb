import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Config, OptionName } from '../../runs/config.ts';
import type { GroupDetail, LogProbsAnswer, RolloutRecord } from '../../runs/events.ts';
import { decodeAddress } from './address.ts';
import { mostAdvantaged, mostInstructive } from './groups.ts';
import type { RunData, StepRollouts } from './run.ts';
import type { Hideable, View } from './view.ts';

/** One run that the page knows; its data change while it trains. */
export interface RunEntry {
  readonly id: string;
  readonly name: Signal<string>;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly config: Config;
  /** `recorded` came with the page; `own` was trained or imported here. */
  readonly origin: 'recorded' | 'own';
  readonly data: Signal<RunData>;
  /** Reads the groups of a step that is no longer the newest; undefined where they were not kept. */
  readonly rollouts: (step: number) => Promise<StepRollouts | undefined>;
}

/** Something that a person should know or do; stays until dismissed. */
export interface Notice {
  /** Two notices of one kind replace each other. */
  kind: string;
  level: 'error' | 'warning' | 'info';
  text: string;
}

/** What the group panel and those below it show. */
export interface Selection {
  run: RunEntry;
  rollouts: StepRollouts;
  /** The completions of the open group, by sample. */
  records: readonly RolloutRecord[];
  detail: GroupDetail | undefined;
  /** The open completion. */
  record: RolloutRecord;
}

/** The page's whole state: a few signals that change, and what follows from them. */
export interface Store {
  readonly config: Signal<Config>;
  /** Controls that hold a wrong text, with what is wrong. */
  readonly wrong: Signal<ReadonlyMap<OptionName, string>>;
  readonly view: Signal<View>;
  readonly notices: Signal<readonly Notice[]>;
  /** All runs, the oldest first. */
  readonly runs: Signal<readonly RunEntry[]>;
  /** The run whose step is open. */
  readonly openId: Signal<string | undefined>;
  /** The run that has the trainer. */
  readonly liveId: Signal<string | undefined>;
  /** Runs whose curves are drawn, beside the open one. */
  readonly overlaid: Signal<ReadonlySet<string>>;
  /** The step under the curves' cursor. */
  readonly cursor: Signal<number | undefined>;
  /** Groups of the step named in the view, once read from where they are kept. */
  readonly earlier: Signal<{ run: string; rollouts: StepRollouts } | undefined>;
  /** Groups of the newest step as they are shown: at a pace that can be read, and held while somebody reads. */
  readonly newest: Signal<{ run: string; rollouts: StepRollouts } | undefined>;
  /** Somebody reads what is near (pointer or focus is there). */
  readonly held: Signal<boolean>;
  /** Log-probabilities after the update of groups that were asked for, by {@link groupKey}. */
  readonly updated: Signal<ReadonlyMap<string, LogProbsAnswer>>;
  readonly open: ReadonlySignal<RunEntry | undefined>;
  readonly live: ReadonlySignal<RunEntry | undefined>;
  readonly selection: ReadonlySignal<Selection | undefined>;
}

/** The state that an address asks for. */
export function createStore(search: string): Store {
  const { config, view, problems } = decodeAddress(search);
  const runs = signal<readonly RunEntry[]>([]);
  const byId = (id: string | undefined) => runs.value.find((run) => run.id === id);
  const openId = signal<string | undefined>(undefined);
  const liveId = signal<string | undefined>(undefined);
  const viewSignal = signal(view);
  const earlier: Store['earlier'] = signal(undefined);
  const newest: Store['newest'] = signal(undefined);
  const open = computed(() => byId(openId.value));
  return {
    config: signal(config),
    wrong: signal(new Map()),
    view: viewSignal,
    notices: signal(
      problems.map((text, i) => ({
        kind: `address ${i}`,
        level: 'warning',
        text: `In the address: ${text}.`,
      })),
    ),
    runs,
    openId,
    liveId,
    overlaid: signal(new Set()),
    cursor: signal(undefined),
    earlier,
    newest,
    held: signal(false),
    updated: signal(new Map()),
    open,
    live: computed(() => byId(liveId.value)),
    selection: computed(() => {
      const place = viewSignal.value.step === undefined ? newest.value : earlier.value;
      return open.value && place?.run === open.value.id
        ? select(open.value, place.rollouts, viewSignal.value)
        : undefined;
    }),
  };
}

/** The group and the completion that the view opens among those of a step. */
function select(run: RunEntry, rollouts: StepRollouts, view: View): Selection | undefined {
  if (view.step !== undefined && rollouts.step !== view.step) return undefined;
  const wanted = view.group ?? mostInstructive(rollouts.records);
  const records = rollouts.records.filter(({ group }) => group === wanted);
  const record = records.find(({ sample }) => sample === view.sample) ?? mostAdvantaged(records);
  if (!record) return undefined;
  const detail = rollouts.details.find(({ group }) => group === wanted);
  return { run, rollouts, records, detail, record };
}

/** Names one group of one step of one run. */
export function groupKey(run: string, step: number, group: number): string {
  return `${run}/${step}/${group}`;
}

/** Changes some of the view. */
export function changeView(store: Store, change: Partial<View>): void {
  store.view.value = { ...store.view.value, ...change };
}

/** Whether a part of the page is shown. */
export function isShown(store: Store, part: Hideable): boolean {
  return !store.view.value.hide.includes(part);
}

/** Tells a person something; an older notice of the same kind goes. */
export function notify(store: Store, notice: Notice): void {
  store.notices.value = [...store.notices.value.filter(({ kind }) => kind !== notice.kind), notice];
}

export function dismiss(store: Store, kind: string): void {
  store.notices.value = store.notices.value.filter((notice) => notice.kind !== kind);
}
