import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readAudit } from '../../main/audit/verify.ts';
import type { OrganisationSource } from '../../main/config/load.ts';
import { startHeadless } from '../../main/headless.ts';
import { createLog } from '../../main/log/log.ts';
import { buildWorker } from '../support/builds.ts';
import { freePort } from '../support/free-port.ts';
import { noOrganisation } from '../support/layers.ts';
import { runHere } from '../support/run-cli.ts';
import { signer } from '../organisation/bundles.ts';
import { startWebServer, type WebServer } from '../organisation/web-server.ts';

const ours = signer();
let folder: string;
let home: string;
let config: string;
let web: WebServer;
let address: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-join-'));
  home = join(folder, 'home');
  config = join(folder, 'settings', 'latchkey.yaml');
  web = await startWebServer();
  address = `${web.url}#${ours.fingerprint}`;
});
afterEach(async () => {
  await web.close();
  await rm(folder, { recursive: true });
});

const group = '6c6f1a52-58f5-4a0a-9f39-6f4d7f0a0001';
const stored = { stored: 'reader' };
const command = { command: ['/usr/bin/true', 'sales'] };
async function settings(names: string[], password: object = stored): Promise<string> {
  const connections = await Promise.all(
    names.map(async (name) => ({
      name,
      protocol: 'postgresql',
      port: await freePort(),
      upstream: { host: 'localhost', database: name, tls: { mode: 'off' } },
      rules: [{ group, role: 'reader', password }],
    })),
  );
  return stringify({ locked: ['session.deadline'], session: { deadline: '4h' }, providers: [], connections });
}

async function publish(serial: number, names: string[], password?: object): Promise<void> {
  web.text = ours.bundle({ serial, configuration: await settings(names, password) });
}

const run = (words: string[], organisation: OrganisationSource = noOrganisation) =>
  runHere([...words, '--home', home, '--config', config], { organisation });

const serve = async (organisation: OrganisationSource = noOrganisation) =>
  startHeadless({
    configFile: config,
    homePath: home,
    organisation,
    workerUrl: await buildWorker(),
    log: createLog({ stderr: { write: () => undefined } }),
  });

const events = async (): Promise<unknown[]> =>
  (await readAudit(join(home, 'audit'), { limit: 100 })).flatMap(({ event, serial, actor }) =>
    event.startsWith('organisation-') ? [[event, serial, (actor as { kind: string }).kind]] : [],
  );

describe('an organisation, joined where there is nothing yet', () => {
  it('shows what it sets, and counts from the next start on; leaving takes it back', async () => {
    await publish(1, ['sales'], command);
    const asked = await run(['join', address]);
    expect(asked).toMatchObject({ code: 2, err: expect.stringMatching(/Nobody can be asked here/) });
    expect(asked.err).toContain(
      [
        'Organisation: Fabrikam',
        `Address: ${web.url}`,
        `Fingerprint of its key: ${ours.fingerprint}`,
        'Serial number 1, issued 2026-11-30T12:00:00Z',
        'It sets:',
        '  Database "sales": postgresql at localhost.',
        '  Runs a program on this computer, as you, for "sales": /usr/bin/true sales',
        '  Settings: session.',
        '  You cannot change: session.deadline.',
      ].join('\n'),
    );
    const joined = await run(['join', address, '--yes', '--json']);
    expect(joined.code).toBe(0);
    expect(JSON.parse(joined.out)).toMatchObject({
      organisation: 'Fabrikam',
      serial: 1,
      fingerprint: ours.fingerprint,
    });
    expect(await events()).toEqual([['organisation-joined', 1, 'local-user']]);
    expect(JSON.parse((await run(['config', 'check', '--json'])).out)).toMatchObject({ connections: 1 });

    const latchkey = await serve();
    try {
      const names = () => latchkey.broker.state().connections.map(({ name }) => name);
      expect(names()).toEqual(['sales']);
      await publish(2, ['sales', 'payroll']);
      const reloaded = await run(['config', 'reload', '--json']);
      expect(JSON.parse(reloaded.out)).toMatchObject({
        changes: expect.arrayContaining([expect.any(String)]),
      });
      expect(names()).toEqual(['sales', 'payroll']);
      expect((await run(['status'])).out).toContain('Organisation: Fabrikam, serial number 2');

      // Faults, also those of the content, change nothing; nor does a server that is gone.
      web.text = ours.bundle({ serial: 3, configuration: 'connections: none' });
      await latchkey.broker.refreshOrganisation();
      expect(latchkey.broker.state().joinedOrganisation?.problem?.code).toBe('config-invalid');
      web.text = undefined;
      await latchkey.broker.refreshOrganisation();
      expect((await run(['status'])).out).toMatch(/could not be fetched from 127\.0\.0\.1:\d+ \(HTTP 404\)/);
      expect(names()).toEqual(['sales', 'payroll']);

      expect(await run(['leave'])).toMatchObject({ code: 0, out: expect.stringContaining('left Fabrikam') });
      expect([names(), latchkey.broker.state().joinedOrganisation]).toEqual([[], undefined]);
    } finally {
      await latchkey.close();
    }
    expect(await readFile(config, 'utf8')).toBe('providers: []\n');
    expect(await events()).toEqual([
      ['organisation-joined', 1, 'local-user'],
      ['organisation-changed', 2, 'latchkey'],
      ['organisation-refused', undefined, 'latchkey'],
      ['organisation-left', 2, 'local-user'],
    ]);
  });

  it('comes from a file as well, with the fingerprint beside it', async () => {
    const file = join(folder, 'fabrikam.jws');
    await writeFile(file, ours.bundle({ serial: 1, configuration: await settings(['sales']) }));
    const without = await run(['join', file, '--yes']);
    expect(without).toMatchObject({ code: 2, err: expect.stringContaining('needs --key <fingerprint>') });
    expect(await run(['join', address, '--key', ours.fingerprint])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--key is for a file'),
    });
    const other = await run(['join', file, '--key', signer().fingerprint, '--yes']);
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('is signed with the key') });
    const joined = await run(['join', file, '--key', ours.fingerprint, '--yes', '--json']);
    expect(JSON.parse(joined.out)).toMatchObject({ organisation: 'Fabrikam', serial: 1 });
    await rm(file);
    const latchkey = await serve();
    try {
      await latchkey.broker.refreshOrganisation();
      const { connections, joinedOrganisation } = latchkey.broker.state();
      expect(connections.map(({ name }) => name)).toEqual(['sales']);
      expect(joinedOrganisation).toMatchObject({ counts: true, url: expect.stringMatching(/^file:/) });
      expect(joinedOrganisation?.problem).toBeUndefined();
    } finally {
      await latchkey.close();
    }
  });

  it('is joined and left while Latchkey runs, and lasts over a start without its server', async () => {
    await publish(1, ['sales']);
    expect((await run(['join', address, '--yes'])).code).toBe(0);
    expect((await run(['leave'])).out).toContain('from the next start on');
    const first = await serve();
    try {
      expect(await run(['join', address, '--yes'])).toMatchObject({
        code: 0,
        out: 'You have joined Fabrikam. Its settings count now.\n',
      });
      expect(first.broker.state().connections).toHaveLength(1);
      await run(['leave']);
      await publish(2, ['sales'], command);
      // Nobody is signed in, so that whoever has come by the API's bearer could be the one who joins.
      expect((await run(['join', address, '--yes'])).err).toMatch(/runs programs[^]*in a terminal/);
      await publish(3, ['sales']);
      expect((await run(['join', address, '--yes'])).code).toBe(0);
    } finally {
      await first.close();
    }
    web.text = undefined;
    const second = await serve();
    try {
      expect(second.broker.state()).toMatchObject({
        connections: [{ name: 'sales' }],
        joinedOrganisation: { name: 'Fabrikam', serial: 3, counts: true },
      });
    } finally {
      await second.close();
    }
  });

  it('does not start on a bundle that was changed in the home', async () => {
    await publish(1, ['sales']);
    await run(['join', address, '--yes']);
    const file = join(home, 'organisation.json');
    const kept = JSON.parse(await readFile(file, 'utf8'));
    kept.joined.bundle = signer().bundle({ serial: 2 });
    await writeFile(file, JSON.stringify(kept));
    await expect(serve()).rejects.toMatchObject({ code: 'bundle-wrong-key' });
    expect((await run(['config', 'check'])).err).toContain('is signed with the key');
  });

  it('is not joined with settings of its own that it does not fit, and leaves them alone', async () => {
    await publish(1, ['sales']);
    const own = `providers: []\nconnections:\n  - {name: mine, protocol: postgresql, port: ${/port: (\d+)/.exec(settingsIn(web.text))?.[1]}, upstream: {host: localhost, database: a, tls: {mode: "off"}}, rules: [{group: ${group}, role: r, password: {stored: s}}]}\n`;
    await run(['join', address]);
    await mkdir(join(folder, 'settings'));
    await writeFile(config, own);
    expect((await run(['join', address, '--yes'])).err).toMatch(/already belongs to connection/);
    expect(await readFile(config, 'utf8')).toBe(own);
    expect(await events()).toEqual([]);
  });

  it.each([
    ['other content than was signed', () => web.text?.slice(0, -8), /has been changed|only a part/],
    ['another key', () => signer().bundle(), /is signed with the key/],
    ['no server', () => undefined, /HTTP 404/],
  ])('%s: nothing is joined', async (_what, text, message) => {
    await publish(1, ['sales']);
    web.text = text();
    expect(await run(['join', address, '--yes'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(message),
    });
    expect((await run(['leave'])).err).toContain('has joined no organisation');
  });

  it('gives way to the file of this computer, which nobody can join or leave', async () => {
    const file = join(folder, 'organisation.yaml');
    const machine: OrganisationSource = {
      files: [],
      read: async () => ({ text: await settings(['ledger']), origin: file }),
    };
    await publish(1, ['sales']);
    expect((await run(['join', address, '--yes'], machine)).err).toMatch(
      /administrators of this computer have set[^]*No other organisation can be joined/,
    );
    await run(['join', address, '--yes']);
    const latchkey = await serve(machine);
    try {
      expect(latchkey.broker.state()).toMatchObject({
        connections: [{ name: 'ledger' }],
        joinedOrganisation: { name: 'Fabrikam', counts: false },
      });
      expect((await run(['status'], machine)).out).toContain('this computer has settings of its own');
      await run(['leave'], machine);
      expect(latchkey.broker.state().connections).toMatchObject([{ name: 'ledger' }]);
    } finally {
      await latchkey.close();
    }
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/** The configuration in a bundle. */
function settingsIn(bundle = ''): string {
  const [, body = ''] = bundle.split('.');
  return JSON.parse(Buffer.from(body, 'base64url').toString()).configuration;
}
