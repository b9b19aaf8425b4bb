import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../cli/site.ts';
import { pythonLacks, runPython } from '../src/policy/python.ts';
import { codePrompt } from '../src/tasks/format.ts';
import { generateTasks } from '../src/tasks/generate.ts';
import { expect, test } from './fixtures.ts';

/** The policy to check: that of `TRACEWRIGHT_POLICY`, else the shipped one. */
const DIRECTORY = process.env.TRACEWRIGHT_POLICY ?? path.join(ROOT, 'public', 'policy');
const NEW_TOKENS = 40;

const tasks = generateTasks({ families: ['pipelines', 'counters'], split: 'heldout', count: 20, seed: 4 });
const prompts = tasks.map(codePrompt);

const lacks = pythonLacks(['torch', 'transformers']);
if (lacks) console.log(`e2e/transformers.spec.ts is skipped: ${lacks}`);
test.skip(lacks !== undefined, lacks);

test('transformers generates greedily what the page generates', async ({ page, modules }) => {
  test.setTimeout(300_000);
  const files = readdirSync(DIRECTORY).map((name) => [
    name,
    readFileSync(path.join(DIRECTORY, name), 'base64'),
  ]);
  await page.goto(`${modules}e2e/engine.html`);
  const own = await page.evaluate(
    async ({ files, prompts, maxNewTokens }) => {
      const load = (module: string) => import(/* @vite-ignore */ module);
      const { startDevice } = await load('/src/tensor/browser.ts');
      const { loadCheckpoint } = await load('/src/policy/checkpoint.ts');
      const { createPolicy } = await load('/src/policy/policy.ts');
      const { sample } = await load('/src/policy/sampler.ts');
      await startDevice('wasm');
      const bytes = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const { config, weights, tokenizer } = loadCheckpoint(
        Object.fromEntries(files.map(([name, base64]) => [name, bytes(base64!)])),
      );
      const ids = prompts.map((prompt) => tokenizer.encode(prompt));
      const options = {
        n: 1,
        maxNewTokens,
        temperature: 0,
        topP: 1,
        eosId: tokenizer.eosId,
        seed: 0,
        stream: 0,
      };
      const groups: { tokens: number[] }[][] = await sample(createPolicy(config, weights), ids, options);
      return groups.map(([one]) => one!.tokens);
    },
    { files, prompts, maxNewTokens: NEW_TOKENS },
  );
  const script = path.join(ROOT, 'src', 'policy', 'transformers_check.py');
  const questions = { prompts, texts: [], new_tokens: NEW_TOKENS, save_to: null };
  const { greedy, version } = JSON.parse(runPython([script, DIRECTORY], JSON.stringify(questions)));
  expect(greedy).toEqual(own);
  console.log(
    `transformers ${version}: ${prompts.length} programs, ${own.flat().length} tokens, all the same`,
  );
});
