import { readFileSync, writeFileSync } from 'node:fs';
import { clients, isInstalled } from './clients.ts';
import { tryClients } from './runner.ts';
import { docs, failures, markdown, outlived, replaced, type Tried } from './table.ts';
import { startMatrixWorld } from './world.ts';

/**
 * `npm run matrix -- [words] [--direct] [--write]`: tries the clients whose names have one of the words in them, or all.
 * `--direct` goes to the servers themselves, to hold the programs against; `--write` puts the table of all of
 * them into docs/TOOLS.md.
 */
const args = process.argv.slice(2);
const words = args.filter((arg) => !arg.startsWith('--')).map((word) => word.toLowerCase());
const chosen = clients.filter(
  ({ protocol, name }) =>
    words.length === 0 || words.some((word) => `${protocol}/${name}`.toLowerCase().includes(word)),
);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

for (const client of chosen.filter((each) => !isInstalled(each)))
  say(`${client.protocol} ${client.name}: not installed; install: ${client.remedy}`);
const world = await startMatrixWorld(args.includes('--direct'));
const tried: Tried[] = [];
try {
  await tryClients(world, chosen.filter(isInstalled), (client, outcomes) => {
    const seen = { client, outcomes };
    tried.push(seen);
    say(`${client.protocol} ${client.name}`);
    for (const line of failures(seen)) say(`  ${line.slice(0, 400)}`);
    for (const check of outlived(seen)) say(`  ${check} is right: its reason in known.ts may go`);
  });
} finally {
  await world.close();
}
tried.sort((one, other) => clients.indexOf(one.client) - clients.indexOf(other.client));
say(`\n${markdown(tried)}`);
if (args.includes('--write') && tried.length === clients.length)
  writeFileSync(docs, replaced(readFileSync(docs, 'utf8'), markdown(tried)));
if (tried.some((each) => failures(each).length > 0)) process.exitCode = 1;
