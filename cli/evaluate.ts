import type { DeviceInfo } from '../src/runs/events.ts';
import { NodeDirectory } from '../src/runs/storage/node.ts';
import { encodeJson } from '../src/runs/storage/record.ts';
import { INTERRUPTED, runCommand } from './errors.ts';
import { type Arguments, parseArguments } from './flags.ts';
import { helpText } from './help.ts';
import { checkedTasks, outputDirectory, showPath, startingPolicy } from './inputs.ts';
import { onInterrupt } from './interrupt.ts';
import { type Lab, openLab } from './lab.ts';
import { Progress } from './progress.ts';
import { deviceLine, evaluationTable } from './report.ts';
import { serveSite } from './server.ts';
import { buildSite } from './site.ts';

async function evaluate(given: Arguments): Promise<number> {
  const { config } = given;
  const directory = outputDirectory(given, 'evaluation');
  const policy = startingPolicy(given.policy, 'evaluate');
  const tasks = checkedTasks(given.tasks, config);
  const progress = new Progress();
  onInterrupt(
    () => {
      progress.end();
      console.error('Interrupted: an evaluation is all or nothing, so nothing was written.');
      process.exit(INTERRUPTED);
    },
    () => {},
  );
  let device: DeviceInfo | undefined;
  const site = await serveSite(await buildSite());
  let lab: Lab | undefined;
  try {
    lab = await openLab(site, config.device, (event) => {
      if (event.type === 'device') progress.line(deviceLine((device = event.device)));
      else if (event.type === 'status') progress.status(event.message);
    });
    const evaluation = await lab.evaluate({ config, policy, tasks });
    progress.end();
    const kept = new NodeDirectory(directory);
    await kept.write('config.json', encodeJson(config));
    await kept.write('evaluation.json', encodeJson({ device, evaluation }));
    console.log(evaluationTable(evaluation));
    console.log(`\nWritten: ${showPath(directory)}/evaluation.json`);
    return lab.consoleErrors.length > 0 ? 1 : 0;
  } finally {
    progress.end();
    await lab?.close();
    await site.close();
  }
}

await runCommand(async () => {
  const given = parseArguments(process.argv.slice(2), 'evaluate');
  if (!given.help) return evaluate(given);
  console.log(helpText('evaluate'));
  return 0;
});
