import { expect, test } from 'vitest';
import type { AuditEvent } from '../../main/audit/events.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { createAdministration } from '../../main/broker/administration.ts';
import { createLocalAdministration } from '../../main/local-accounts/administration.ts';
import { createSecondFactor } from '../../main/second-factor/second-factor.ts';
import { createStepUp } from '../../main/broker/step-up.ts';
import { createLocalAccounts } from '../../main/local-accounts/accounts.ts';
import { createPromptBoard } from '../../main/prompts/board.ts';
import { createAesSeal } from '../../main/store/seal.ts';
import { codeOf, keyOf, useFastFolders } from '../second-factor/totp-fixture.ts';
import { openTotp } from '../second-factor/totp-home.ts';

const newFolder = useFastFolders();
const username = 'break-glass';
const password = 'correct horse battery staple';
const unwritable = new LatchkeyError('audit-unwritable', 'The disk is full.');

/** An audit in memory whose disk can be full. */
function createAudit() {
  const events: AuditEvent[] = [];
  const audit = {
    isFull: false,
    events,
    append: async (event: AuditEvent): Promise<void> => {
      if (audit.isFull) throw unwritable;
      events.push(event);
    },
  };
  return audit;
}

async function openAdministration() {
  const home = openTotp(await newFolder());
  const audit = createAudit();
  const ended: string[] = [];
  const accounts = createLocalAccounts({
    secrets: home.secrets,
    totp: home.totp,
    cost: { N: 2 ** 10, r: 8, p: 1 },
    file: async () => ({
      enabled: true,
      accounts: [{ username, displayName: 'Break glass', groups: [] }],
    }),
  });
  const administration = createLocalAdministration(
    accounts,
    home.totp,
    audit,
    async (name) => void ended.push(name),
  );
  const changes = () => audit.events.map((event) => ('change' in event ? event.change : event.event));
  return { home, audit, accounts, administration, ended, changes };
}

test('a change of a break-glass account that fails is not on record as one', async () => {
  const { administration, changes } = await openAdministration();
  const refused = { code: 'request-invalid' };
  await expect(administration.add({ username, password: 'short' })).rejects.toMatchObject(refused);
  await expect(administration.add({ username: 'nobody', password })).rejects.toMatchObject(refused);
  await expect(administration.setPassword(username, password)).rejects.toMatchObject(refused);
  await expect(administration.setEnabled(username, true)).rejects.toMatchObject(refused);
  await expect(administration.remove(username)).rejects.toMatchObject(refused);
  await expect(administration.enrol(username)).rejects.toMatchObject(refused);
  expect(changes()).toEqual([]);
});

test('what has been changed is, in its order', async () => {
  const { home, administration, changes, ended } = await openAdministration();
  const { key } = await administration.add({ username, password });
  await administration.confirm(username, codeOf(keyOf(key), home));
  await administration.setPassword(username, `${password}, new`);
  await administration.setEnabled(username, false);
  await administration.enrol(username);
  await administration.remove(username);
  expect(changes()).toEqual([
    'set up',
    'authenticator confirmed',
    'password changed',
    'turned off',
    'authenticator reset',
    'removed',
  ]);
  expect(ended).toHaveLength(4);
});

test('where the audit is full nothing is opened, and what was closed stays so', async () => {
  const { home, administration, accounts, audit, ended } = await openAdministration();
  const full = { code: 'audit-unwritable' };
  audit.isFull = true;
  await expect(administration.add({ username, password })).rejects.toMatchObject(full);
  expect(await accounts.usable(username)).toBeUndefined();
  audit.isFull = false;
  const { key } = await administration.add({ username, password });
  audit.isFull = true;
  const account = (await accounts.usable(username))?.account;
  if (account === undefined) throw new Error('not set up');
  await expect(administration.confirm(username, codeOf(keyOf(key), home))).rejects.toMatchObject(full);
  expect((await home.totp.state(account)).enrolled).toBe(false);
  await expect(administration.setEnabled(username, false)).rejects.toMatchObject(full);
  await expect(administration.setEnabled(username, true)).rejects.toMatchObject(full);
  expect((await accounts.usable(username))?.enabled).toBe(false);
  expect(ended).toEqual([username, username]);
});

test('a reset of second factors tells of those that there were', async () => {
  const home = openTotp(await newFolder());
  const audit = createAudit();
  const account = {
    provider: 'p',
    tenantId: 't',
    objectId: 'o',
    username: 'ada@t.example',
    displayName: 'Ada',
  };
  const factor = createSecondFactor({
    settings: { issuer: 'Latchkey', methods: ['totp'], cache: '5m' } as never,
    board: createPromptBoard({ changed: () => undefined }),
    folder: home.folder,
    secrets: home.secrets,
    seal: createAesSeal('key-file', Buffer.alloc(32, 7)),
    fetch,
    audit,
    pushToken: async () => undefined,
    changed: () => undefined,
  });
  await factor.reset(account);
  await expect(factor.removePush(account)).rejects.toMatchObject({ code: 'mfa-not-enrolled' });
  expect(audit.events).toEqual([]);
  await factor.close();
});

test('a deed that was let through and then failed has a second record', async () => {
  const audit = createAudit();
  const stepUp = createStepUp({
    sessionWithId: () => undefined,
    secondFactor: {} as never,
    hasProviders: () => false,
    ownsHome: async () => true,
    audit,
  });
  const failing = createAdministration(
    {
      removeThing: {
        action: 'thing removed',
        subject: ({ name }: { name: string }) => name,
        rules: () => ({ firstRun: true }),
        run: async () => {
          throw new LatchkeyError('store-failed', 'The disk would not let go of it.');
        },
      },
    },
    stepUp,
    { one: () => undefined },
  );
  await expect(failing.removeThing({ name: 'x' }, {})).rejects.toMatchObject({ code: 'store-failed' });
  expect(audit.events).toMatchObject([
    { event: 'administered', subject: 'x' },
    { event: 'administration-failed', action: 'thing removed', subject: 'x', code: 'store-failed' },
  ]);
});
