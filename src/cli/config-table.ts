import { readFileSync, writeFileSync } from 'node:fs';

import type { Command } from 'commander';

import { configurationTable, replaceTable } from '../config/table.js';

/** `glossa config-table`, hidden: for whoever edits the README. */
export function registerConfigTable(program: Command): void {
  program
    .command('config-table', { hidden: true })
    .description('Print the table of all options, or write it into a Markdown file between its marks')
    .option('--write <file>', 'file to bring up to date')
    .action(({ write }: { write?: string }) => {
      if (write === undefined) console.log(configurationTable());
      else writeFileSync(write, replaceTable(readFileSync(write, 'utf8')));
    });
}
