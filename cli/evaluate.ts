import { runCommand } from './errors.ts';
import { type Arguments, parseArguments } from './flags.ts';
import { helpText } from './help.ts';
import { checkedTasks, outputDirectory, showPath, startingPolicy } from './inputs.ts';
import { openLab } from './lab.ts';
import { Progress } from './progress.ts';
import { RunRecord } from './record.ts';
import { deviceLine, evaluationTable } from './report.ts';

async function evaluate(given: Arguments): Promise<number> {
  const { config } = given;
  const directory = outputDirectory(given, 'evaluation');
  const policy = startingPolicy(given.policy, 'evaluate');
  const tasks = checkedTasks(given.tasks, config);
  const progress = new Progress();
  const record = new RunRecord(directory, config);
  const lab = await openLab(config.device, (event) => {
    record.take(event);
    if (event.type === 'device') progress.line(deviceLine(event.device));
    else if (event.type === 'status') progress.status(event.message);
  });
  try {
    const evaluation = await lab.evaluate({ config, policy, tasks });
    progress.end();
    record.takeEvaluation(evaluation);
    console.log(evaluationTable(evaluation));
    console.log(`\nWritten: ${showPath(directory)}/evaluation.json`);
    return lab.consoleErrors.length > 0 ? 1 : 0;
  } finally {
    progress.end();
    await lab.close();
  }
}

await runCommand(async () => {
  const given = parseArguments(process.argv.slice(2), 'evaluate');
  if (!given.help) return evaluate(given);
  console.log(helpText('evaluate'));
  return 0;
});
