#!/usr/bin/env node
/** The one command: `earshot serve | demo | analyze | check | eval | models | query | migrate | rules`. */
import { InvalidInput } from '../core/units/errors.ts';
import { ANALYZE_HELP, analyzeCommand } from './commands/analyze.ts';
import { CHECK_HELP, checkCommand } from './commands/check.ts';
import { DEMO_HELP, demoCommand } from './commands/demo.ts';
import { EVAL_HELP, evalCommand } from './commands/eval.ts';
import { MIGRATE_HELP, migrateCommand } from './commands/migrate.ts';
import { MODELS_HELP, modelsCommand } from './commands/models.ts';
import { QUERY_HELP, queryCommand } from './commands/query.ts';
import { RULES_HELP, rulesCommand } from './commands/rules.ts';
import { SERVE_HELP, serveCommand } from './commands/serve.ts';

const COMMANDS: Readonly<Record<string, { run: (args: string[]) => Promise<number | void>; help: string }>> = {
  serve: { run: serveCommand, help: SERVE_HELP },
  demo: { run: demoCommand, help: DEMO_HELP },
  analyze: { run: analyzeCommand, help: ANALYZE_HELP },
  check: { run: checkCommand, help: CHECK_HELP },
  eval: { run: evalCommand, help: EVAL_HELP },
  models: { run: modelsCommand, help: MODELS_HELP },
  query: { run: queryCommand, help: QUERY_HELP },
  migrate: { run: migrateCommand, help: MIGRATE_HELP },
  rules: { run: rulesCommand, help: RULES_HELP },
};

const HELP = Object.values(COMMANDS)
  .map(({ help }) => help)
  .join('\n\n');

/** 0: done. 1: a fault of ours; of `check`, a threshold missed. 2: what was asked cannot be done, and why. */
async function main([name = 'help', ...args]: string[]): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined || args.includes('--help')) {
    console.log(command?.help ?? HELP);
    return command === undefined && name !== 'help' && name !== '--help' ? 2 : 0;
  }
  try {
    return (await command.run(args)) ?? 0;
  } catch (error) {
    const isTheirs =
      error instanceof InvalidInput || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
    console.error(isTheirs ? (error as Error).message : error);
    return isTheirs ? 2 : 1;
  }
}

// `earshot analyze ... | head` closes the pipe early; that is no failure. Exiting at once would tear models from running threads.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.stdout.write = () => true;
});
process.exitCode = await main(process.argv.slice(2));
