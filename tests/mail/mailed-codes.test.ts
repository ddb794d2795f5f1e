import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openAudit } from '../../main/audit/audit.ts';
import { readAudit } from '../../main/audit/verify.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import type { AzureDirectorySettings } from '../../main/config/schema.ts';
import { createMailLimits } from '../../main/mail/limits.ts';
import { createMailedCodes } from '../../main/mail/mailed-codes.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { startMailServer, type MailServer } from './mail-server.ts';

const newFolder = useTemporaryFolders();
const minuteMs = 60_000;
const ada = 'ada@fabrikam.example';
const person = (n: number): string => `person-${n}@fabrikam.example`;
const code = {
  userCode: 'CPQ2RW8H4',
  verificationUri: 'https://microsoft.com/devicelogin',
  expiresAt: Date.now() + 15 * minuteMs,
};

let server: MailServer | undefined;
let closeAudit: (() => Promise<void>) | undefined;
afterEach(async () => {
  await Promise.all([server?.close(), closeAudit?.()]);
  server = undefined;
  closeAudit = undefined;
});

/** Mailed codes as a broker has them, with a real mail server and audit; the clock stands until it is set. */
async function mailedFrom(recipients: string[] | undefined) {
  const folder = await newFolder();
  server = await startMailServer();
  const { mails, port, authority } = server;
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, authority.caPem);
  const text = stringify({
    providers: [
      {
        name: 'fabrikam',
        type: 'azure-directory',
        authority: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555',
        applicationId: '11111111-2222-3333-4444-555555555555',
        domains: ['fabrikam.example'],
        mailCodes: true,
      },
    ],
    connections: [],
    mail: { host: 'localhost', port, caFile, from: 'latchkey@fabrikam.example', recipients },
  });
  const configuration = parseConfiguration(text, 'latchkey.yaml');
  const [provider] = configuration.providers as [AzureDirectorySettings];
  const auditFolder = join(folder, 'audit');
  const audit = await openAudit({ folder: auditFolder });
  closeAudit = () => audit.close();
  const clock = { now: Date.parse('2026-03-10T09:00:00Z') };
  /** A new one knows only what is on the disk, as after a restart. */
  const start = () =>
    createMailedCodes({
      settings: configuration.mail,
      passwords: { get: async () => undefined } as unknown as Parameters<
        typeof createMailedCodes
      >[0]['passwords'],
      audit,
      limits: createMailLimits(folder, () => clock.now),
    });
  let running = start();
  return {
    clock,
    mails,
    counts: join(folder, 'mailed-codes.json'),
    announcer: (to: string | undefined) => running.announcer(provider, to),
    send: async (to: string): Promise<void> => (await running.announcer(provider, to))(code),
    restart: () => (running = start()),
    /** Event, address and code of each record, oldest first. */
    async record(): Promise<string[]> {
      const records = await readAudit(auditFolder, { limit: 100 });
      return (records as unknown as Record<string, string>[]).map((one) =>
        [one['event'], one['to'], one['code']].filter((part) => part !== undefined).join(' '),
      );
    },
  };
}

test.each([
  ['an empty list', []],
  ['no list', undefined],
])('%s lets a code go to nobody', async (_what, list) => {
  const mailed = await mailedFrom(list);
  await expect(mailed.send(ada)).rejects.toMatchObject({ code: 'request-invalid' });
  expect(mailed.mails).toEqual([]);
  expect(await mailed.record()).toEqual([`code-mail-refused ${ada} request-invalid`]);
});

test('only who is on the list gets a mail, however the name is written; the others are on record', async () => {
  const mailed = await mailedFrom(['Ada@Fabrikam.example']);
  await mailed.send('ADA@fabrikam.example');
  expect(mailed.mails).toMatchObject([{ to: [ada], secure: true }]);
  const others = [
    'eve@fabrikam.example',
    'ada@elsewhere.example',
    `${ada}, eve@elsewhere.example`,
    `${ada}\r\nBcc: eve@elsewhere.example`,
    ` ${ada}`,
    'ada+x@fabrikam.example',
    'ada',
  ];
  for (const other of [...others, undefined])
    await expect(mailed.send(other as string), other).rejects.toMatchObject({ code: 'request-invalid' });
  expect(mailed.mails).toHaveLength(1);
  expect(await mailed.record()).toEqual([
    `code-mailed ${ada}`,
    ...[...others, ''].map((other) => `code-mail-refused ${other} request-invalid`),
  ]);
});

test('an address gets three an hour, over restarts and over a clock that is set back', async () => {
  const mailed = await mailedFrom([ada, person(1)]);
  for (let sent = 0; sent < 3; sent += 1) {
    await mailed.send(ada);
    mailed.clock.now += minuteMs;
    mailed.restart();
  }
  await expect(mailed.announcer(ada.toUpperCase())).rejects.toMatchObject({ code: 'limit-reached' });
  mailed.clock.now -= 24 * 60 * minuteMs;
  await expect(mailed.announcer(ada)).rejects.toMatchObject({ code: 'limit-reached' });
  mailed.clock.now += 24 * 60 * minuteMs;
  // Somebody else is not kept from it.
  await mailed.send(person(1));
  mailed.clock.now += 57 * minuteMs - 1;
  await expect(mailed.announcer(ada)).rejects.toMatchObject({ code: 'limit-reached' });
  mailed.clock.now += 1;
  await mailed.send(ada);
  // The second of the first hour still counts.
  await expect(mailed.announcer(ada)).rejects.toMatchObject({ code: 'limit-reached' });
  expect(mailed.mails.map(({ to }) => to[0])).toEqual([ada, ada, ada, person(1), ada]);
  expect((await mailed.record()).filter((line) => line.includes('limit-reached'))).toHaveLength(4);
});

test('the host mails ten an hour, to whomever', async () => {
  const people = Array.from({ length: 11 }, (_, n) => person(n));
  const mailed = await mailedFrom(people);
  const [late = '', ...first] = people;
  for (const to of first) await mailed.send(to);
  mailed.restart();
  await expect(mailed.announcer(late)).rejects.toMatchObject({
    code: 'limit-reached',
    message: expect.stringContaining('Ten codes') as string,
  });
  expect((await mailed.record()).at(-1)).toBe(`code-mail-refused ${late} limit-reached`);
  mailed.clock.now += 60 * minuteMs;
  await mailed.send(late);
  expect(mailed.mails).toHaveLength(11);
});

test('permits that were given before are counted when the mail goes out', async () => {
  const mailed = await mailedFrom([ada]);
  const permits = await Promise.all([1, 2, 3, 4].map(() => mailed.announcer(ada)));
  for (const announce of permits.slice(1)) await announce(code);
  await expect(permits[0]?.(code)).rejects.toMatchObject({ code: 'limit-reached' });
  expect(mailed.mails).toHaveLength(3);
});

test('permits that are used at the same time count each', async () => {
  const mailed = await mailedFrom([ada]);
  const permits = await Promise.all([1, 2, 3, 4, 5].map(() => mailed.announcer(ada)));
  const done = await Promise.allSettled(permits.map((announce) => announce(code)));
  expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(mailed.mails).toHaveLength(3);
});

test('a count that cannot be read opens nothing, and says which file it is', async () => {
  const mailed = await mailedFrom([ada]);
  await mailed.send(ada);
  await writeFile(mailed.counts, (await readFile(mailed.counts, 'utf8')).slice(0, -5));
  await expect(mailed.send(ada)).rejects.toMatchObject({
    code: 'limit-reached',
    remedy: expect.stringContaining(mailed.counts) as string,
  });
  expect(mailed.mails).toHaveLength(1);
});

test('a count by a newer version is left as it is, and nothing is mailed', async () => {
  const mailed = await mailedFrom([ada]);
  await mailed.send(ada);
  await writeFile(mailed.counts, '{"version":2}');
  await expect(mailed.send(ada)).rejects.toMatchObject({ code: 'stored-newer' });
  expect(await readFile(mailed.counts, 'utf8')).toBe('{"version":2}');
  expect(mailed.mails).toHaveLength(1);
});
