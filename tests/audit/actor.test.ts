import { expect, test } from 'vitest';
import { actorOf, personOf } from '../../main/audit/actor.ts';
import { openAudit } from '../../main/audit/audit.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import { readAudit } from '../../main/audit/verify.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

const newFolder = useTemporaryFolders();
const ada = {
  provider: 'contoso',
  tenantId: 't',
  objectId: 'a',
  username: 'ada@contoso.example',
  displayName: 'Ada',
};
const ben = { ...ada, objectId: 'b', username: 'ben@contoso.example' };
const secretSet: AuditEvent = { event: 'secret-changed', name: 'sales', change: 'set' };
const refused: AuditEvent = {
  event: 'login-refused',
  connection: 'sales',
  clientUser: 'ada',
  database: 'sales',
  program: 'psql',
  address: 'unix',
  uid: 1001,
  code: 'token-wrong',
};

test('an event is of whom it is about, else of who is signed in, else of the user of the computer', () => {
  expect(actorOf({ event: 'signed-out', account: ben }, { account: ada, uid: 1000 })).toEqual(personOf(ben));
  expect(actorOf(secretSet, { account: ada, uid: 1000 })).toEqual(personOf(ada));
  expect(actorOf(secretSet, { uid: 1000 })).toEqual({ kind: 'local-user', uid: 1000 });
  expect(actorOf({ ...secretSet, actor: personOf(ben) }, { account: ada })).toEqual(personOf(ben));
  expect(actorOf({ event: 'session-expired', account: ada, why: 'expired' }, { account: ada })).toEqual({
    kind: 'latchkey',
  });
});

test('a refused login is not laid at the door of the person who is signed in', () => {
  expect(actorOf(refused, { account: ada, uid: 1000 })).toEqual({ kind: 'local-user', uid: 1001 });
});

test('the record names who was signed in when it was asked for', async () => {
  const folder = await newFolder();
  let account = ada;
  const audit = await openAudit({ folder, actor: (event) => actorOf(event, { account }) });
  const written = audit.append(secretSet);
  account = ben;
  await written;
  await audit.close();
  expect(await readAudit(folder, { limit: 1 })).toMatchObject([{ actor: { username: ada.username } }]);
});
