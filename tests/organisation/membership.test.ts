import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { openAudit } from '../../main/audit/audit.ts';
import { readAudit } from '../../main/audit/verify.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { keptOrganisation } from '../../main/organisation/kept.ts';
import { openMembership, type MembershipOptions } from '../../main/organisation/membership.ts';
import { startScriptedServer } from '../entra/scripted-server.ts';
import { it } from '../entra/tenant-fixture.ts';
import { signer } from './bundles.ts';

const start = Date.parse('2026-12-01T00:00:00Z');
const soon = { timeout: 10_000 };

/** A web server with one file, as an organisation has it, and a Latchkey that may join. */
async function startWorld() {
  const ours = signer();
  const site = { text: ours.bundle(), isThere: true, asked: 0, notModified: 0 };
  const server = await startScriptedServer(({ headers }, response) => {
    site.asked += 1;
    const etag = `"${site.text.slice(-40)}"`;
    if (!site.isThere) response.writeHead(404).end();
    else if (headers['if-none-match'] === etag) {
      site.notModified += 1;
      response.writeHead(304).end();
    } else response.writeHead(200, { etag }).end(site.text);
  });
  const home = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  const audit = await openAudit({ folder: home });
  const clock = { now: start };
  const log: string[] = [];
  const apply = vi.fn(async () => undefined);
  const address = `${server.origin}/latchkey.jws#${ours.fingerprint}`;
  return { ours, site, server, home, audit, clock, log, apply, address };
}

const worlds = it.extend('world', async ({ setup }, { onCleanup }) => {
  const made = await startWorld();
  const memberships: { close(): Promise<void> }[] = [];
  onCleanup(async () => {
    await Promise.all(memberships.map((one) => one.close()));
    await made.audit.close();
    await made.server.close();
    await rm(made.home, { recursive: true });
  });
  const fetch = setup.trustingFetch(made.server);
  const open = async (more: Partial<MembershipOptions> = {}) => {
    const membership = await openMembership({
      kept: keptOrganisation(made.home),
      fetch,
      audit: made.audit,
      mayJoin: async () => undefined,
      checkBundle: () => undefined,
      checkWithPerson: async () => undefined,
      apply: made.apply,
      changed: () => undefined,
      log: (line) => made.log.push(line),
      now: () => made.clock.now,
      nextLook: () => 2 ** 30,
      ...more,
    });
    memberships.push(membership);
    return membership;
  };
  const events = async () =>
    (
      await readAudit(made.home, { limit: 50, matches: ({ event }) => event.startsWith('organisation-') })
    ).map(({ event, serial, code }) => [event, serial ?? code]);
  return { ...made, open, events };
});

describe('an organisation that is joined by its address', () => {
  worlds('is looked at first; what was not seen is not joined', async ({ world }) => {
    const { open, address, site, ours, events, apply } = world;
    const membership = await open();
    const { bundle } = await membership.look(address);
    expect(bundle.payload).toMatchObject({ organisation: 'Fabrikam', serial: 7 });
    expect([membership.state(), await events()]).toEqual([undefined, []]);
    site.text = ours.bundle({ serial: 8 });
    await expect(membership.join(address, bundle.hash)).rejects.toMatchObject({ code: 'config-changed' });
    expect(apply).not.toHaveBeenCalled();
    await membership.join(address, (await membership.look(address)).bundle.hash);
    expect(membership.state()).toMatchObject({ name: 'Fabrikam', serial: 8, fingerprint: ours.fingerprint });
    expect(apply).toHaveBeenCalledOnce();
    expect(await events()).toEqual([['organisation-joined', 8]]);
  });

  worlds('is asked again, and what has changed counts; each change is on record', async ({ world }) => {
    const { open, address, site, ours, events, apply } = world;
    const membership = await open();
    await membership.join(address);
    await membership.refresh();
    expect([site.notModified, apply.mock.calls.length]).toEqual([1, 1]);
    site.text = ours.bundle({ serial: 9 });
    await membership.refresh();
    expect(membership.state()).toMatchObject({ serial: 9 });
    expect(apply).toHaveBeenCalledTimes(2);
    expect(await membership.leave()).toBe('Fabrikam');
    expect(membership.state()).toBeUndefined();
    expect(apply).toHaveBeenCalledTimes(3);
    expect(await events()).toEqual([
      ['organisation-joined', 7],
      ['organisation-changed', 9],
      ['organisation-left', 9],
    ]);
    await expect(membership.leave()).rejects.toMatchObject({ code: 'request-invalid' });
    site.text = ours.bundle({ serial: 8 });
    await expect(membership.join(address)).rejects.toMatchObject({ code: 'bundle-older' });
  });

  worlds('of whatever else comes, nothing counts, and it is on record once', async ({ world }) => {
    const { open, address, site, ours, events, apply } = world;
    const membership = await open();
    await membership.join(address);
    const other = signer();
    const answers: [string, string][] = [
      [ours.bundle({ serial: 6 }), 'bundle-older'],
      [ours.bundle({ configuration: '' }), 'bundle-older'],
      [other.bundle({ serial: 99 }), 'bundle-wrong-key'],
      ['<!doctype html>', 'bundle-invalid'],
      [ours.bundle({ serial: 8 }).slice(0, -4), 'bundle-invalid'],
      [ours.bundle({ serial: 8, notAfter: '2026-11-30T00:00:00Z' }), 'bundle-expired'],
    ];
    for (const [text, code] of answers) {
      site.text = text;
      await membership.refresh();
      await membership.refresh();
      expect(membership.state()).toMatchObject({ serial: 7, problem: { code } });
    }
    expect(await events()).toEqual([
      ['organisation-joined', 7],
      ...answers.map(([, code]) => ['organisation-refused', code]),
    ]);
    expect(apply).toHaveBeenCalledOnce();
    site.text = ours.bundle({ serial: 8 });
    await membership.refresh();
    expect(membership.state()?.problem).toBeUndefined();
    expect(membership.state()).toMatchObject({ serial: 8 });
  });

  worlds('counts on without its server, also after a start', async ({ world }) => {
    const { open, address, site, ours, log } = world;
    const first = await open();
    await first.join(address);
    await first.close();
    site.isThere = false;
    const second = await open();
    second.begin();
    const problem = { code: 'bundle-unreachable' };
    await expect.poll(second.state, soon).toMatchObject({ serial: 7, problem });
    await second.refresh();
    expect(log.filter((line) => line.includes('could not be fetched'))).toHaveLength(1);
    site.isThere = true;
    site.text = ours.bundle({ serial: 8 });
    await second.refresh();
    expect(second.state()).toMatchObject({ serial: 8 });
  });

  worlds('is asked on a timer from the start on, sooner after a failure', async ({ world }) => {
    const { open, address, site } = world;
    const failures: boolean[] = [];
    const membership = await open({
      nextLook: (failed) => {
        failures.push(failed);
        return failures.length > 3 ? 2 ** 30 : 1;
      },
    });
    await membership.join(address);
    site.isThere = false;
    await expect.poll(() => failures.length, soon).toBe(4);
    expect(failures).toEqual([false, true, true, true]);
  });

  worlds('tells that its time is over, until a new bundle has come', async ({ world }) => {
    const { open, address, site, ours, clock } = world;
    site.text = ours.bundle({ notAfter: '2026-12-02T00:00:00Z' });
    const membership = await open();
    await membership.join(address);
    expect(membership.state()?.problem).toBeUndefined();
    clock.now = Date.parse('2026-12-02T00:00:00Z');
    const expired = { code: 'bundle-expired' };
    expect(membership.state()).toMatchObject({ serial: 7, problem: expired });
    const next = await open();
    expect(next.state()).toMatchObject({ serial: 7, problem: expired });
    site.text = ours.bundle({ serial: 8, notAfter: '2026-12-09T00:00:00Z' });
    await membership.refresh();
    expect(membership.state()?.problem).toBeUndefined();
  });

  worlds('goes over to the next key, also for the next start', async ({ world }) => {
    const { open, address, site, ours } = world;
    const membership = await open();
    await membership.join(address);
    const next = signer();
    site.text = ours.bundle({ serial: 8, nextKey: next.fingerprint });
    await membership.refresh();
    site.text = next.bundle({ serial: 9 });
    await membership.refresh();
    expect(membership.state()).toMatchObject({ serial: 9, fingerprint: next.fingerprint });
    site.text = ours.bundle({ serial: 10 });
    const second = await open();
    await second.refresh();
    expect(second.state()).toMatchObject({ serial: 9, problem: { code: 'bundle-wrong-key' } });
  });

  worlds('is not joined where that cannot be told, or cannot count', async ({ world }) => {
    const { open, address, audit, events, apply } = world;
    const refuse = (code: 'config-invalid' | 'request-refused' | 'audit-unwritable') => () => {
      throw new LatchkeyError(code, 'No.');
    };
    const append = async () => refuse('audit-unwritable')();
    for (const more of [
      { mayJoin: async () => refuse('request-refused')() },
      { checkBundle: refuse('config-invalid') },
      { checkWithPerson: async () => refuse('config-invalid')() },
      { audit: { ...audit, append } },
    ]) {
      const membership = await open(more);
      await expect(membership.join(address)).rejects.toThrow('No.');
      expect(membership.state()).toBeUndefined();
    }
    expect(await events()).toEqual([['organisation-refused', 'config-invalid']]);
    expect(apply).not.toHaveBeenCalled();
    expect((await open()).state()).toBeUndefined();
  });

  worlds('stands alone: another one is joined after it was left', async ({ world }) => {
    const { open, address, site } = world;
    const membership = await open();
    await membership.join(address);
    const other = signer();
    const theirs = address.replace(/#.*/, `#${other.fingerprint}`);
    site.text = other.bundle({ organisation: 'Contoso' });
    await expect(membership.join(theirs)).rejects.toMatchObject({
      code: 'request-refused',
      message: 'This Latchkey has the settings of Fabrikam already.',
    });
    await membership.leave();
    await membership.join(theirs);
    expect(membership.state()).toMatchObject({ name: 'Contoso', serial: 7 });
  });
});
