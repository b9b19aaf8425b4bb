import { CODE } from '../../rl/code_source.ts';
import type { Config } from '../../runs/config.ts';
import type { StepMetrics } from '../../runs/events.ts';
import { formatNumber } from '../../runs/format.ts';
import { ALIGNMENT } from '../../semantics/source.ts';
import { termOf } from '../terms.ts';
import { Tip } from '../ui/Tip.tsx';

interface Stage {
  title: string;
  help: string;
  figures: readonly [text: string, help: string][];
}

/** What happens in one step, from left to right, with the numbers of the newest one. */
export function Loop({ config, metrics }: { config: Config; metrics: StepMetrics | undefined }) {
  const stages = config.method === 'sft' ? supervisedStages(config, metrics) : rewardStages(config, metrics);
  return (
    <ol class="loop" aria-label="What happens in one step">
      {stages.map(({ title, help, figures }) => (
        <li key={title}>
          <strong>{title}</strong>
          <p>{help}</p>
          <p class="loop-figures">
            {figures.map(([text, explanation]) => (
              <Tip key={text} help={explanation}>
                {text}
              </Tip>
            ))}
          </p>
        </li>
      ))}
    </ol>
  );
}

function rewardStages(config: Config, metrics: StepMetrics | undefined): Stage[] {
  const n = config['rollout.n'];
  const code = metrics?.[`prompts/${CODE}`];
  const asked = metrics?.[`prompts/${ALIGNMENT}`] ?? 0;
  const passed =
    metrics && code !== undefined ? Math.round(metrics[`rewards/${CODE}/mean`] * code * n) : undefined;
  const equal = metrics?.frac_reward_zero_std;
  const isAligned = config.method === 'coderl_plus';
  return [
    {
      title: '1. Read',
      help: isAligned
        ? 'Tasks in words, and questions about programs that failed.'
        : 'Tasks in words, such as “keep the even numbers, then add them up”.',
      figures: [
        [`${code ?? config.train_batch_size} tasks`, 'Prompts of this step that ask for a program.'],
        ...(isAligned
          ? [
              [
                `${asked} questions`,
                'Prompts of this step that ask what the variables of a failed program end with.',
              ] as [string, string],
            ]
          : []),
      ],
    },
    {
      title: '2. Write',
      help: `The policy, the model in training, answers each of them ${n} times: a group.`,
      figures: [
        [`${(code ?? config.train_batch_size) * n} programs`, `${n} completions for each task.`],
        ...(asked > 0
          ? [[`${asked * n} answers`, `${n} completions for each question.`] as [string, string]]
          : []),
      ],
    },
    {
      title: '3. Run',
      help: 'A sandbox runs every program on every test.',
      figures:
        passed === undefined
          ? []
          : [
              [
                `${passed} pass (${Math.round((100 * passed) / (code! * n))}%)`,
                'Programs that pass all their tests, visible and hidden.',
              ],
            ],
    },
    {
      title: '4. Compare',
      help: 'Within a group: better than its mean is good, worse is bad.',
      figures:
        equal === undefined
          ? []
          : [[`${Math.round((1 - equal) * 100)}% of groups teach`, termOf('frac_reward_zero_std').help]],
    },
    {
      title: '5. Update',
      help: 'Make good answers a little more likely, bad ones less.',
      figures: metrics
        ? [
            [`${metrics.updates} updates`, termOf('updates').help],
            ...(metrics.ppo_kl === undefined
              ? []
              : [
                  [`moved ${Number(metrics.ppo_kl.toPrecision(2))} nats`, termOf('ppo_kl').help] as [
                    string,
                    string,
                  ],
                ]),
          ]
        : [],
    },
  ];
}

function supervisedStages(config: Config, metrics: StepMetrics | undefined): Stage[] {
  return [
    {
      title: '1. Read',
      help: 'Examples: a program with an input, or a task in words.',
      figures: [[`${config.train_batch_size} examples`, 'Examples of this step.']],
    },
    {
      title: '2. Predict',
      help: 'The policy guesses each next token of the right answer.',
      figures: metrics ? [[`${metrics.trained_tokens} tokens`, termOf('trained_tokens').help]] : [],
    },
    {
      title: '3. Update',
      help: 'Make the right tokens more likely.',
      figures: metrics
        ? [[`loss ${formatNumber(metrics.loss)}`, 'Mean surprise at the right token, in nats.']]
        : [],
    },
  ];
}
