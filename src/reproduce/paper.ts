/** @file Figures of the paper (arXiv 2510.18471v2), in per cent, greedy: Qwen2.5-Coder-7B-Instruct, one run each. */

/** Table 1 and 3: average pass@1 over HumanEval, LeetCode and LiveCodeBench; LCB-Reason; LCB-Test. */
export interface PaperRow {
  pass: number;
  reasoning: number;
  test: number;
}

/** By the keys of the suite's arms; `start` is the model before training. */
export const PAPER: Readonly<Record<string, PaperRow>> = {
  start: { pass: 57.8, reasoning: 60.8, test: 48.8 },
  // OlympicCoder, the best known distillation in the table, by pass@1 the weakest of them.
  sft: { pass: 50.6, reasoning: 68.5, test: 31.1 },
  grpo: { pass: 60.9, reasoning: 66.0, test: 48.4 },
  coderl_plus: { pass: 63.7, reasoning: 85.0, test: 53.2 },
  ppo: { pass: 54.3, reasoning: 61.0, test: 39.5 },
  coderl_plus_ppo: { pass: 61.7, reasoning: 78.5, test: 52.7 },
  reinforce_plus_plus: { pass: 56.2, reasoning: 58.7, test: 47.2 },
  coderl_plus_reinforce_plus_plus: { pass: 63.3, reasoning: 78.9, test: 51.1 },
};
