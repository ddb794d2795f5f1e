import { dirname, resolve } from 'node:path';
import { allWarnings } from '../config/ignored.ts';
import { demandWhole } from '../config/faulty.ts';
import { configurationJsonSchema } from '../config/json-schema.ts';
import { checkOrganisation, configurationText, loadConfiguration } from '../config/load.ts';
import type { ActionReply } from '../contract/action-schemas.ts';
import { registerConfigShow } from './config-show.ts';
import { toldOfEnded } from './connections-told.ts';
import { plain, result } from './output.ts';
import { registerPolicies } from './policies.ts';
import type { Tools } from './tools.ts';

/** `config`: the configuration file. */
export function registerConfiguration(tools: Tools): void {
  const { program, output, source, run, withClient } = tools;
  const config = program.command('config').description('the configuration file');
  config
    .command('check')
    .description('read the configuration and name every fault')
    .option('--organisation <file>', 'check this file as one with the settings of an organisation')
    .action(
      run(async (globals, { organisation: other }: { organisation?: string }) => {
        if (other !== undefined) {
          await checkOrganisationFile(resolve(other));
          result(output, 'config check', { ok: true, connections: 0, warnings: [] }, `${other} is in order.`);
          return;
        }
        const loaded = demandWhole(await loadConfiguration(await source(globals)), globals.config);
        const { connections } = loaded.configuration;
        const told = allWarnings(loaded);
        for (const warning of told) output.err(warning);
        result(
          output,
          'config check',
          { ok: true, connections: connections.length, warnings: told },
          `${globals.config} is in order: ${connections.length} connections.`,
        );
      }),
    );
  registerConfigShow(config, tools);
  registerPolicies(config, tools);
  config
    .command('reload')
    .description(
      'make the file count as it is now, without a restart; with a fault in it, all stays as it was',
    )
    .action(
      withClient(async (client) => {
        const done = await client.call('reloadConfiguration', {});
        for (const warning of done.warnings) output.err(plain(warning));
        result(output, 'config reload', done, describeReload(done));
      }),
    );
  config
    .command('schema')
    .description('print the JSON Schema for editors')
    .action(run(async () => output.out(JSON.stringify(configurationJsonSchema(), undefined, 2))));
}

/** Of whoever writes it, before it is put where it counts. */
async function checkOrganisationFile(file: string): Promise<void> {
  checkOrganisation({ text: await configurationText(file), origin: file, folder: dirname(file) });
}

function describeReload({ changes, ended, needsRestart }: ActionReply<'reloadConfiguration'>): string {
  const what = changes.length === 0 ? 'Nothing in it has changed.' : `Changed: ${changes.join('; ')}.`;
  const rest =
    needsRestart.length === 0
      ? ''
      : ` From the next start of Latchkey on counts: ${needsRestart.join(', ')}.`;
  return plain(`The configuration counts as it is now. ${what}${toldOfEnded(ended)}${rest}`);
}
