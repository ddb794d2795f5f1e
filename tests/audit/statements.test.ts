import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openAudit, type Audit } from '../../main/audit/audit.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import { keepStatements } from '../../main/audit/statements.ts';
import { readAudit, verifyAudit } from '../../main/audit/verify.ts';
import { mount, mountSmallDisk, root, useTemporaryFolders } from '../store/temporary-folder.ts';
import { describeWith } from '../support/parts.ts';

const newFolder = useTemporaryFolders();
let folder: string;
let audit: Audit;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  folder = await newFolder();
  audit = keepStatements(await openAudit({ folder }));
});
afterEach(async () => {
  await audit.close();
  vi.useRealTimers();
});

const attempt = (more: Partial<Extract<AuditEvent, { event: 'login-refused' }>> = {}): AuditEvent => ({
  event: 'login-refused',
  connection: 'sales',
  clientUser: 'ada',
  database: 'sales',
  program: 'psql',
  address: '127.0.0.1:50000',
  uid: 1000,
  code: 'token-wrong',
  ...more,
});

async function count(event: string): Promise<number> {
  const records = await readAudit(folder, { limit: 100_000 });
  return records.filter((record) => record.event === event).length;
}

const statements = async () =>
  (await readAudit(folder, { limit: 100_000 })).filter(({ event }) => event === 'refusals-suppressed');

test('of ten thousand refusals ten are written, and a statement after the burst counts the rest', async () => {
  for (let n = 0; n < 10_000; n += 1) {
    // What a client says of itself does not make it another source.
    await audit.append(attempt({ address: `127.0.0.1:${n}`, clientUser: `u${n}`, program: `p${n}` }));
  }
  expect(await count('login-refused')).toBe(10);
  vi.advanceTimersByTime(10_000);
  await expect.poll(statements).toHaveLength(1);
  expect((await statements())[0]).toMatchObject({
    of: 'login-refused',
    code: 'token-wrong',
    connection: 'sales',
    address: '127.0.0.1',
    uid: 1000,
    count: 9990,
    since: expect.any(String),
    until: expect.any(String),
  });
});

test('another reason, connection, user or program of the system is another source', async () => {
  for (let n = 0; n < 20; n += 1) {
    await audit.append(attempt());
    await audit.append(attempt({ code: 'token-expired' }));
    await audit.append(attempt({ connection: 'stock' }));
    await audit.append(attempt({ uid: 1001 }));
    await audit.append(attempt({ process: { pid: n, program: 'psql', path: '/usr/bin/psql' } }));
    await audit.append({ event: 'request-refused', reason: 'host', path: `/${n}` });
  }
  expect(await count('login-refused')).toBe(50);
  expect(await count('request-refused')).toBe(5);
});

test('what is let in is always written, and a minute later refusals are again', async () => {
  for (let n = 0; n < 30; n += 1) await audit.append(attempt());
  for (let n = 0; n < 30; n += 1)
    await audit.append({ event: 'secret-changed', name: `${n}`, change: 'set' });
  expect(await count('secret-changed')).toBe(30);
  vi.advanceTimersByTime(60_000);
  await audit.append(attempt());
  expect(await count('login-refused')).toBe(11);
});

test('the count is written before the end, also that of the gateway', async () => {
  for (let n = 0; n < 15; n += 1) await audit.append(attempt(n < 10 ? {} : { unreported: 100 }));
  await audit.close();
  expect(await statements()).toMatchObject([{ count: 5 + 500 }]);
  expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 11 });
});

test('endless sources become one', async () => {
  for (let n = 0; n < 5000; n += 1) await audit.append(attempt({ uid: n }));
  expect(await count('login-refused')).toBe(210);
  await audit.close();
  expect(await statements()).toMatchObject([{ code: 'token-wrong', many: true, count: 4790 }]);
});

describeWith([root, mount], 'a full disk', () => {
  test('what could not be written is said once it can be, by event', async () => {
    const place = await newFolder();
    const unmount = mountSmallDisk(place, '256k');
    try {
      const small = keepStatements(await openAudit({ folder: place }));
      await writeFile(join(place, 'ballast'), Buffer.alloc(1024 * 1024)).catch(() => undefined);
      const event: AuditEvent = { event: 'secret-changed', name: 'x'.repeat(500), change: 'set' };
      for (let refused = 0; refused < 3;) {
        refused += await small.append(event).then(
          () => 0,
          () => 1,
        );
      }
      await small.append({ event: 'broker-stopped' }).catch(() => undefined);
      await rm(join(place, 'ballast'));
      await small.append({ event: 'signed-out', account: ada });
      await small.close();
      const records = await readAudit(place, { limit: 1000 });
      expect(records.slice(-2)).toMatchObject([
        { event: 'signed-out' },
        {
          event: 'records-dropped',
          dropped: expect.arrayContaining([{ event: 'secret-changed', count: 3 }]),
        },
      ]);
      expect(await verifyAudit(place)).toMatchObject({ ok: true });
    } finally {
      unmount();
    }
  });
});

const ada = {
  provider: 'contoso',
  tenantId: 't',
  objectId: 'a',
  username: 'ada@contoso.example',
  displayName: 'Ada',
};
