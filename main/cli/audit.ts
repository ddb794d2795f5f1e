import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { defined } from '../base/defined.ts';
import { fingerprint } from '../audit/audit-key.ts';
import { auditEvents, isAuditKind, picksOf } from '../audit/entries.ts';
import { exportRecords } from '../audit/export-file.ts';
import { brokenError, count, wholeSentences } from '../audit/verdict-text.ts';
import { readAudit, verifyAudit } from '../audit/verify.ts';
import { nearest } from '../config/nearest.ts';
import { auditKinds } from '../contract/audit-kinds.ts';
import type { AuditFilter } from '../contract/audit-shapes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { administer, type Administrator } from './administer.ts';
import { auditTable } from './audit-table.ts';
import { connectClient, type Client } from './client.ts';
import { failed, result, type Output } from './output.ts';
import type { Tools } from './tools.ts';

interface FilterOptions {
  since?: string;
  until?: string;
  event?: string;
  user?: string;
  connection?: string;
  kind?: string;
  refused?: true;
  text?: string;
}

/** What narrows the records is the same wherever they are looked for. */
function withFilter(command: Command): Command {
  return command
    .option('--since <time>', 'a date, or how long ago: 30m, 12h, 7d')
    .option('--until <time>', 'the same: only what is older')
    .option('--event <name>', 'only these, such as login-refused')
    .option('--kind <kind>', `only what is about: ${auditKinds.join(', ')}`)
    .option('--user <name>', 'only what this person did, or what was done to them')
    .option('--connection <name>', 'only what is about this connection')
    .option('--refused', 'only what was refused or has failed')
    .option('--text <text>', 'only what has this somewhere, in whatever case');
}

export function registerAudit({ program, output, signal, run, withClient }: Tools): void {
  const audit = program.command('audit').description('the record of sign-ins, tokens, logins and refusals');
  audit
    .command('verify')
    .description('check the hash chain; names the first line that was changed')
    .option('--from <path>', "an archive that comes before it, or a checkpoint's file to begin at")
    .option('--key <public key>', 'must have signed it; without it the running Latchkey is asked for its own')
    .action(
      run(({ home }, options: { from?: string; key?: string }) =>
        verify(home, output, { publicKey: options.key, from: options.from }),
      ),
    );
  withFilter(
    audit
      .command('list')
      .description('the last records: time, event, who, what')
      .option('--limit <count>', 'how many', '50'),
  ).action(run(({ home }, options: FilterOptions & { limit: string }) => listAudit(home, options, output)));
  withFilter(
    audit
      .command('export')
      .description('write the records into a file, as they stand in the audit')
      .argument('<file>', 'JSON lines, the oldest first'),
  ).action(run(({ home }, file: string, options: FilterOptions) => exportAudit(home, file, options, output)));
  audit
    .command('prune')
    .description(
      'delete old files of it under a signed checkpoint, so that the rest still verifies; takes your second factor',
    )
    .requiredOption('--before <time>', 'a date, or how long ago: 90d')
    .action(
      withClient((client, { before }: { before: string }) => prune({ client, output, signal }, before)),
    );
  audit
    .command('archive')
    .description('move old files of it to a folder, under a signed checkpoint; takes your second factor')
    .argument('<folder>', 'is made where it is missing; check it with: audit verify --from <folder>')
    .requiredOption('--before <time>', 'a date, or how long ago: 90d')
    .action(
      withClient((client, folder: string, { before }: { before: string }) =>
        prune({ client, output, signal }, before, resolve(folder)),
      ),
    );
  audit
    .command('key')
    .description('the public key that signs the audit: note it elsewhere')
    .action(
      withClient(async (client) => {
        const publicKey = await publicKeyOf(client);
        const human =
          publicKey === undefined
            ? 'The audit is not signed, since secrets are kept in memory only.'
            : `${publicKey}\nFingerprint: ${fingerprint(publicKey)}`;
        result(output, 'audit key', { publicKey: publicKey ?? null }, human);
      }),
    );
}

/** Checks the chain of the home's audit; works while the broker runs and when it does not. */
async function verify(
  home: string,
  output: Output,
  options: { publicKey?: string | undefined; from?: string | undefined },
): Promise<number> {
  const publicKey = options.publicKey ?? (await runningKey(home));
  const verdict = await verifyAudit(join(home, 'audit'), { ...options, publicKey });
  if (verdict.ok && verdict.files === 0) throw noAudit(home);
  if (verdict.ok) {
    result(output, 'audit verify', { ...verdict }, wholeSentences(verdict, publicKey).join('\n'));
    return 0;
  }
  if (output.json) result(output, 'audit verify', { ...verdict }, '');
  return failed({ ...output, json: false }, brokenError(verdict));
}

/** Of the broker that has this home open, where one does. */
async function runningKey(home: string): Promise<string | undefined> {
  try {
    return await publicKeyOf(await connectClient(home));
  } catch {
    return undefined;
  }
}

async function publicKeyOf(client: Client): Promise<string | undefined> {
  const { publicKey } = await client.call('readAuditKey', {});
  return publicKey ?? undefined;
}

async function listAudit(
  home: string,
  options: FilterOptions & { limit: string },
  output: Output,
): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new LatchkeyError('request-invalid', '--limit takes a whole number from 1.');
  const records = await readAudit(join(home, 'audit'), { limit, ...picksOf(filterOf(options)) });
  if (records.length === 0 && !existsSync(join(home, 'audit'))) throw noAudit(home);
  const human = records.length === 0 ? 'No such records.' : auditTable(records);
  result(output, 'audit list', { records }, human);
}

/** The options of whoever looks for some records, as the window's viewer has them too. */
function filterOf(options: FilterOptions): AuditFilter {
  const { since, until, event, user, connection, kind, text } = options;
  if (kind !== undefined && !isAuditKind(kind))
    throw new LatchkeyError('request-invalid', `"${kind}" is no kind of records.`, {
      remedy: `They are: ${auditKinds.join(', ')}.`,
    });
  // "No such records" of a name that is mistyped would read as if nothing had happened.
  if (event !== undefined && !auditEvents.includes(event)) throw noEvent(event);
  return defined({
    since: since === undefined ? undefined : timeOf(since).toISOString(),
    until: until === undefined ? undefined : timeOf(until).toISOString(),
    event,
    person: user,
    connection,
    kind,
    refused: options.refused,
    text,
  });
}

function noEvent(event: string): LatchkeyError {
  const near = nearest(event, auditEvents);
  return new LatchkeyError('request-invalid', `The audit has no event "${event}".`, {
    remedy: `${near === undefined ? '' : `Did you mean "${near}"? `}See which there are: latchkey audit list --limit 1000`,
  });
}

async function exportAudit(
  home: string,
  file: string,
  options: FilterOptions,
  output: Output,
): Promise<void> {
  const folder = join(home, 'audit');
  if (!existsSync(folder)) throw noAudit(home);
  const path = resolve(file);
  const records = await exportRecords(folder, picksOf(filterOf(options)), path);
  result(output, 'audit export', { path, records }, `${count(records, 'record')} written to ${path}.`);
}

async function prune(administrator: Administrator, before: string, archive?: string): Promise<void> {
  const { files, records } = await administer(administrator, 'pruneAudit', {
    before: timeOf(before).toISOString(),
    ...defined({ archive }),
  });
  const done = archive === undefined ? 'deleted' : `moved to ${archive}`;
  const human =
    files.length === 0
      ? 'No file of the audit is as old as that as a whole; nothing was changed.'
      : `${count(records, 'record')} in ${count(files.length, 'file')} ${done}.`;
  result(
    administrator.output,
    archive === undefined ? 'audit prune' : 'audit archive',
    { files, records },
    human,
  );
}

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A date (ISO 8601; without a zone that of this computer), or a duration before now. */
function timeOf(given: string): Date {
  const [, number, unit = ''] = /^(\d{1,6})([mhd])$/.exec(given) ?? [];
  const isDate = /^\d{4}-\d\d-\d\d/.test(given);
  // A date alone would mean midnight in Greenwich.
  const text = /^\d{4}-\d\d-\d\d$/.test(given) ? `${given}T00:00:00` : given;
  const time = number === undefined ? new Date(isDate ? text : Number.NaN) : ago(Number(number), unit);
  if (!Number.isNaN(time.getTime())) return time;
  throw new LatchkeyError('request-invalid', `"${given}" is no time.`, {
    remedy: 'Give a date such as 2026-03-31 or 2026-03-31T12:00, or how long ago: 30m, 12h, 7d.',
  });
}

function ago(number: number, unit: string): Date {
  return new Date(Date.now() - number * (unitMs[unit] ?? 0));
}

/** Every start writes a record, so that none at all is never how it should be. */
function noAudit(home: string): LatchkeyError {
  return new LatchkeyError('audit-broken', `There is no audit in ${join(home, 'audit')}.`, {
    remedy:
      'Name the home of the broker (--home or LATCHKEY_HOME). If this is it and a broker has run there, somebody took its audit away: look for a copy.',
  });
}
