import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Account } from '../../main/contract/state.ts';
import { sessionRecords } from '../../main/broker/sealed-values.ts';
import { createMemorySeal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import type { Session, SessionOptions } from '../../main/session/session.ts';
import { failure, group, person, scriptedProvider, sessionUnderTest, settle } from './scripted-provider.ts';

const ada = person('ada');
const bruno = person('bruno');

function setUp(change: Partial<SessionOptions> = {}) {
  const provider = scriptedProvider();
  const other = scriptedProvider('other');
  const world = sessionUnderTest([provider, other], change);
  const session = world.create();
  const told = (event: string) => world.events.filter((each) => each.event === event);
  return { ...world, provider, other, session, told };
}

async function signIn(session: Session, provider: ReturnType<typeof scriptedProvider>, who: Account) {
  await session.signIn({ provider: provider.name });
  await settle();
  provider.enter(who);
  await settle();
}

afterEach(() => vi.useRealTimers());

describe('signing in', () => {
  it('goes from code to person', async () => {
    const { session, provider, disk, told } = setUp();
    expect(session.state()).toEqual({ kind: 'signed-out' });
    const asked = session.signIn();
    expect(session.state()).toMatchObject({ kind: 'working', step: 'contacting' });
    await asked;
    await settle();
    expect(session.state()).toMatchObject({ kind: 'code', userCode: 'CODE-1', tenant: 't' });
    provider.enter(ada);
    await settle();
    expect(session.state()).toMatchObject({ kind: 'signed-in', account: ada, groups: [group('staff')] });
    expect(session.all().at(-1)?.account).toEqual(ada);
    expect(disk.record).toMatchObject({ id: session.all().at(-1)?.id, objectId: ada.objectId });
    expect(told('signed-in')).toHaveLength(1);
  });

  it('joins the code that is waiting, and refuses a second provider meanwhile', async () => {
    const { session, provider, other } = setUp();
    await Promise.all([session.signIn(), session.signIn({ provider: 'work' })]);
    await session.signIn();
    await settle();
    expect(provider.codes).toBe(1);
    await expect(session.signIn({ provider: 'other' })).rejects.toMatchObject({ code: 'sign-in-busy' });
    await expect(session.signIn({ provider: 'nowhere' })).rejects.toMatchObject({ code: 'request-invalid' });
    expect(other.codes).toBe(0);
  });

  it('is cancelled at once', async () => {
    const { session, told } = setUp();
    await session.signIn();
    await settle();
    await session.cancelSignIn();
    expect(session.state()).toMatchObject({ kind: 'signed-out', problem: { code: 'sign-in-cancelled' } });
    expect(told('failed')).toMatchObject([{ detail: 'sign-in-cancelled' }]);
    await session.cancelSignIn();
  });

  it('of the same person keeps the session, and tells which groups came and went', async () => {
    const { session, provider, told } = setUp();
    await signIn(session, provider, ada);
    const before = session.all().at(-1);
    provider.answer = [group('finance')];
    await signIn(session, provider, ada);
    expect(session.all().at(-1)?.id).toBe(before?.id);
    expect(told('ended')).toEqual([]);
    expect(told('groups-changed')).toMatchObject([{ detail: '+finance -staff' }]);
  });

  it('of another person ends the first session, where one account is all there may be', async () => {
    const { session, provider, other, told } = setUp({ most: 1 });
    await signIn(session, provider, ada);
    await signIn(session, provider, bruno);
    expect(session.all().at(-1)?.account).toEqual(bruno);
    expect(provider.cached).toEqual(bruno);
    expect(told('ended')).toMatchObject([{ session: { account: ada }, detail: 'replaced' }]);
    const chiara = person('chiara', 'other');
    await signIn(session, other, chiara);
    expect(session.all().at(-1)?.account).toEqual(chiara);
    expect([provider.cached, other.cached]).toEqual([undefined, chiara]);
  });

  it('that fails at the code leaves the first session as it is, with the reason', async () => {
    const { session, provider, told } = setUp();
    await signIn(session, provider, ada);
    await session.signIn();
    await settle();
    provider.enter(failure('sign-in-declined'));
    await settle();
    expect(session.state()).toMatchObject({ kind: 'signed-in', problem: { code: 'sign-in-declined' } });
    expect(told('ended')).toEqual([]);
    await session.refresh();
    expect(session.state()).not.toHaveProperty('problem');
  });

  it.each(['groups', 'audit', 'disk'] as const)(
    'that fails after the code (%s) leaves no tokens',
    async (where) => {
      const { session, provider, audit, disk, told } = setUp();
      const code = { groups: 'directory-refused', audit: 'audit-unwritable', disk: 'store-failed' } as const;
      if (where === 'groups') provider.answer = failure(code.groups);
      if (where === 'audit') audit.fault = failure(code.audit);
      if (where === 'disk') disk.fault = failure(code.disk);
      await signIn(session, provider, ada);
      expect(session.all().at(-1)).toBeUndefined();
      expect(session.state()).toMatchObject({ kind: 'signed-out', problem: { code: code[where] } });
      expect(provider.cached).toBeUndefined();
      expect(told('failed')).toMatchObject([{ detail: code[where] }]);
    },
  );

  it.each(['groups', 'audit'] as const)(
    'of another person that fails after the code (%s) leaves the first session: nothing of theirs was kept',
    async (where) => {
      const { session, provider, audit, disk, told } = setUp();
      await signIn(session, provider, ada);
      const { record } = disk;
      if (where === 'groups') provider.answer = failure('directory-unreachable');
      else audit.fault = failure('audit-unwritable');
      await signIn(session, provider, bruno);
      expect(session.all().at(-1)?.account).toEqual(ada);
      expect(provider.cached).toEqual(ada);
      expect(disk.record).toEqual(record);
      expect(told('ended')).toEqual([]);
    },
  );

  it('of another person that cannot be stored leaves nobody, where one account is all there may be', async () => {
    const { session, provider, disk, told } = setUp({ most: 1 });
    await signIn(session, provider, ada);
    disk.fault = failure('store-failed');
    await signIn(session, provider, bruno);
    expect(session.all().at(-1)).toBeUndefined();
    expect(provider.cached).toBeUndefined();
    expect(told('ended')).toMatchObject([{ session: { account: ada }, detail: 'replaced' }]);
  });

  it('of another person answers for nobody while their groups are being read', async () => {
    const { session, provider } = setUp();
    await signIn(session, provider, ada);
    const gate = Promise.withResolvers<void>();
    provider.gate = gate.promise;
    await signIn(session, provider, bruno);
    expect(session.state()).toMatchObject({ kind: 'working', step: 'reading-groups' });
    expect(session.all().at(-1)?.account).toEqual(ada);
    expect(provider.cached).toEqual(ada);
    await expect(provider.accessToken?.([], bruno)).rejects.toMatchObject({ code: 'sign-in-required' });
    gate.resolve();
    await settle();
    expect(session.all().map(({ account }) => account)).toEqual([ada, bruno]);
    expect(await provider.accessToken?.([], ada)).toMatchObject({ text: `token of ${ada.objectId}` });
  });

  it('is of the person who was asked for, whatever they are called by now', async () => {
    const { session, provider } = setUp();
    const renamed = { ...ada, username: 'ada.new@t.example' };
    await session.signIn({ username: ada.username, person: ada });
    await settle();
    provider.enter(renamed);
    await settle();
    expect(session.all().at(-1)?.account).toEqual(renamed);
    await session.signIn({ username: ada.username, person: ada });
    await settle();
    provider.enter({ ...bruno, username: ada.username });
    await settle();
    expect(session.all().at(-1)?.account).toEqual(renamed);
    expect(session.state()).toMatchObject({ problem: { code: 'wrong-account' } });
  });

  it('of the same person that fails after the code leaves the first session', async () => {
    const { session, provider, told } = setUp();
    await signIn(session, provider, ada);
    provider.answer = failure('directory-unreachable');
    await signIn(session, provider, ada);
    expect(session.all().at(-1)?.account).toEqual(ada);
    expect(provider.cached).toEqual(ada);
    expect(told('ended')).toEqual([]);
  });
});

describe('the deadline', () => {
  it('ends the session at the wall clock', async () => {
    const { session, provider, clock, disk, told } = setUp();
    await signIn(session, provider, ada);
    clock.wall += 8 * 3600_000 - 1;
    expect(session.all().at(-1)).toBeDefined();
    clock.wall += 1;
    expect(session.all().at(-1)).toBeUndefined();
    await session.refresh();
    expect(session.state()).toMatchObject({ kind: 'signed-out', problem: { code: 'sign-in-required' } });
    expect(told('ended')).toMatchObject([{ detail: 'expired' }]);
    expect([provider.cached, disk.record]).toEqual([undefined, undefined]);
  });

  it('ends it as well when the wall clock is set back', async () => {
    const { session, provider, clock, told } = setUp();
    await signIn(session, provider, ada);
    clock.wall -= 24 * 3600_000;
    clock.monotonic += 8 * 3600_000;
    expect(session.all().at(-1)).toBeUndefined();
    await session.refresh();
    expect(told('ended')).toMatchObject([{ detail: 'expired' }]);
  });

  it('comes by itself', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    const { session, provider, told } = setUp({
      deadlineMs: 300_000,
      now: () => Date.now(),
      monotonic: () => performance.now(),
    });
    await signIn(session, provider, ada);
    await vi.advanceTimersByTimeAsync(299_000);
    expect(told('ended')).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(told('ended')).toMatchObject([{ detail: 'expired' }]);
    expect(session.all().at(-1)).toBeUndefined();
  });

  it('counts although the disk does not let go of the record', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    const { session, provider, disk, lines, told } = setUp({
      deadlineMs: 300_000,
      now: () => Date.now(),
      monotonic: () => performance.now(),
    });
    await signIn(session, provider, ada);
    disk.fault = failure('store-failed');
    await vi.advanceTimersByTimeAsync(301_000);
    expect(told('ended')).toHaveLength(1);
    expect(lines).toEqual(['sign-in: It failed: store-failed.']);
    expect(provider.cached).toBeUndefined();
  });
});

describe('reading the groups again', () => {
  it('tells of a group that is gone', async () => {
    const { session, provider, told } = setUp();
    await signIn(session, provider, ada);
    provider.answer = [];
    await session.refresh();
    expect(session.all().at(-1)?.groups).toEqual([]);
    expect(told('groups-changed')).toMatchObject([{ detail: '+ -staff' }]);
  });

  it('keeps what it knows while the directory does not answer', async () => {
    const { session, provider, clock, told } = setUp();
    await signIn(session, provider, ada);
    const readAt = session.all().at(-1)?.groupsReadAt;
    clock.wall += 60_000;
    provider.answer = failure('directory-unreachable');
    await session.refresh();
    expect(session.all().at(-1)).toMatchObject({ groups: [group('staff')], groupsReadAt: readAt });
    expect(told('refresh-failed')).toMatchObject([{ detail: 'directory-unreachable' }]);
    provider.answer = [group('staff')];
    await session.refresh();
    expect(session.all().at(-1)?.groupsReadAt).toBe(clock.wall);
    expect(session.state()).not.toHaveProperty('problem');
  });

  it.each(['account-disabled', 'sign-in-required', 'sign-in-blocked'] as const)(
    'ends the session at %s',
    async (code) => {
      const { session, provider, disk, told } = setUp();
      await signIn(session, provider, ada);
      provider.renewal = failure(code);
      await session.refresh();
      expect(session.state()).toMatchObject({ kind: 'signed-out', problem: { code } });
      expect(told('ended')).toMatchObject([{ detail: 'refused' }]);
      expect([provider.cached, disk.record]).toEqual([undefined, undefined]);
    },
  );

  it('ends the session where the directory answers for somebody else', async () => {
    const { session, provider, told } = setUp();
    await signIn(session, provider, ada);
    provider.renewal = bruno;
    await session.refresh();
    expect(session.state()).toMatchObject({ kind: 'signed-out', problem: { code: 'wrong-account' } });
    expect(told('ended')).toMatchObject([{ detail: 'refused' }]);
  });

  it('shares one read, and drops the answer for a session that has ended', async () => {
    const { session, provider, told } = setUp();
    await signIn(session, provider, ada);
    const gate = Promise.withResolvers<void>();
    provider.gate = gate.promise;
    const before = provider.renewals;
    const reads = [session.refresh(), session.refresh()];
    await settle();
    expect(provider.renewals).toBe(before + 1);
    await session.signOut();
    gate.resolve();
    await Promise.all(reads);
    expect(session.state()).toEqual({ kind: 'signed-out' });
    expect(told('ended')).toMatchObject([{ detail: 'signed-out' }]);
  });
});

describe('signing out', () => {
  it('removes everything, whatever the disk says', async () => {
    const { session, provider, disk, told } = setUp();
    await signIn(session, provider, ada);
    disk.fault = failure('store-failed');
    await expect(session.signOut()).rejects.toMatchObject({ code: 'store-failed' });
    expect(session.all().at(-1)).toBeUndefined();
    expect(provider.cached).toBeUndefined();
    expect(told('ended')).toMatchObject([{ detail: 'signed-out' }]);
  });

  it('ends a sign-in that is under way', async () => {
    const { session, provider } = setUp();
    await session.signIn();
    await settle();
    await session.signOut();
    expect(session.state()).toEqual({ kind: 'signed-out' });
    provider.enter(ada);
    await settle();
    expect(session.state()).toEqual({ kind: 'signed-out' });
    expect(provider.cached).toBeUndefined();
  });

  it('ends a sign-in that can no longer be stopped', async () => {
    const write = Promise.withResolvers<void>();
    const kept: unknown[] = [];
    const { session, provider, told } = setUp({
      record: {
        read: async () => [],
        write: (record) => write.promise.then(() => void kept.push(record)),
        clear: async () => void kept.splice(0),
        clearAll: async () => void kept.splice(0),
      },
    });
    await signIn(session, provider, ada);
    const out = session.signOut();
    write.resolve();
    await out;
    expect(session.all().at(-1)).toBeUndefined();
    expect(told('failed')).toMatchObject([{ detail: 'sign-in-cancelled' }]);
    expect([kept, provider.cached]).toEqual([[], undefined]);
  });

  it('ends a live session before it waits for a sign-in', async () => {
    const { session, provider, told } = setUp();
    await signIn(session, provider, ada);
    await session.signIn();
    await settle();
    const done = session.signOut();
    expect(session.all().at(-1)).toBeUndefined();
    expect(told('ended')).toHaveLength(1);
    await done;
  });

  it('is not undone by the sign-in of the last run', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { session, provider, disk, create } = setUp();
    await signIn(session, provider, ada);
    await session.close();
    // The computer starts without a network, and the restore is to be tried again.
    provider.renewal = failure('authority-unreachable');
    const next = create();
    await next.restore();
    expect(next.state()).toMatchObject({ problem: { code: 'authority-unreachable' } });
    await next.signOut();
    provider.renewal = undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(next.state()).toEqual({ kind: 'signed-out' });
    expect([provider.cached, disk.record]).toEqual([undefined, undefined]);
  });
});

describe('a restart with a clock that is wrong', () => {
  async function restarted(hours: number, behindMs?: number) {
    const { session, provider, clock, disk, create, told } = setUp();
    await signIn(session, provider, ada);
    const until = session.all().at(-1)?.until ?? 0;
    clock.wall += 2 * 3600_000;
    await session.refresh();
    await session.close();
    clock.wall += hours * 3600_000;
    provider.clockBehindMs = () => behindMs;
    const next = create();
    await next.restore();
    return { next, provider, clock, disk, told, until };
  }

  it.each([
    ['set back', -1, undefined],
    ['set back by years', -20_000, undefined],
    ['behind the authority’s', 0, 5 * 3600_000],
  ])(
    '%s: the sign-in waits for the right time, which it does not outlast',
    async (_what, hours, behindMs) => {
      const { next, provider, clock, disk, told, until } = await restarted(hours, behindMs);
      expect(next.all().at(-1)).toBeUndefined();
      expect(next.state()).toMatchObject({ kind: 'signed-out', problem: { code: 'clock-wrong' } });
      expect(disk.record).toMatchObject({ until });
      expect(told('ended')).toEqual([]);
      clock.wall = until - 3600_000;
      provider.clockBehindMs = () => 0;
      await next.restore();
      expect(next.all().at(-1)?.until).toBe(until);
      clock.wall -= 24 * 3600_000;
      clock.monotonic += 3600_000;
      expect(next.all().at(-1)).toBeUndefined();
      await next.close();
    },
  );

  it('the time that was seen is kept sealed with the rest', async () => {
    const secrets = createSecretStore({ folder: '/nonexistent', seal: createMemorySeal('a test') });
    const kept = { id: 'a', provider: 'work', objectId: 'b', since: 1, until: 3, seen: 2 };
    const records = sessionRecords(secrets, () => undefined);
    await records.write(kept);
    expect(await records.read()).toEqual([kept]);
  });

  it('a correction of minutes is no wrong clock, and gives nothing away', async () => {
    const { next, clock } = await restarted(-0.05, 60_000);
    expect(next.all().at(-1)).toBeDefined();
    clock.monotonic += 6 * 3600_000;
    expect(next.all().at(-1)).toBeUndefined();
    await next.close();
  });
});

describe('a renewal', () => {
  it('by the timer asks the authority only while something stands on the session', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let isInUse = false;
    const { session, provider } = setUp({ refreshMs: 300_000, isInUse: () => isInUse });
    await signIn(session, provider, ada);
    provider.answer = [group('finance')];
    await vi.advanceTimersByTimeAsync(300_000);
    await settle();
    // The groups are read all the same.
    expect(session.all().at(-1)?.groups).toEqual([group('finance')]);
    expect(provider.renewals).toBe(0);
    isInUse = true;
    await vi.advanceTimersByTimeAsync(300_000);
    await settle();
    expect(provider.renewals).toBe(1);
    await session.refresh();
    expect(provider.renewals).toBe(2);
  });
});

describe('a policy of a database', () => {
  it('asks for its claims at the next sign-in of the same person, and once', async () => {
    const { session, provider } = setUp();
    await signIn(session, provider, ada);
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["x"]}}}';
    session.answeredFor(session.all().at(-1)?.id ?? '', 'a database', { claims });
    await session.refresh();
    await signIn(session, provider, ada);
    expect(provider.asked.at(-1)).toEqual({ way: 'device-code', claims });
    await signIn(session, provider, ada);
    expect(provider.asked.at(-1)).toEqual({ way: 'device-code' });
    session.answeredFor('another session', 'a database', { claims });
    await signIn(session, provider, ada);
    expect(provider.asked.at(-1)).toEqual({ way: 'device-code' });
  });
});

describe('a restart', () => {
  async function restarted(change: (world: ReturnType<typeof setUp>) => void = () => undefined) {
    const world = setUp();
    await signIn(world.session, world.provider, ada);
    const before = world.session.all().at(-1);
    await world.session.close();
    world.events.length = 0;
    change(world);
    const session = world.create();
    const restoring = session.restore();
    return { ...world, session, before, restoring };
  }

  it('brings the person back with the old deadline', async () => {
    const { session, before, restoring, told } = await restarted(({ clock }) => (clock.wall += 3600_000));
    await settle();
    await restoring;
    expect(session.all().at(-1)).toMatchObject({ id: before?.id, account: ada, until: before?.until });
    expect(told('signed-in')).toMatchObject([{ detail: 'restored' }]);
  });

  it('does so neither after the deadline nor after one that has been shortened', async () => {
    const late = await restarted(({ clock }) => (clock.wall += 8 * 3600_000));
    await late.restoring;
    expect([late.session.all().at(-1), late.provider.cached, late.disk.record]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const { provider, disk } = await restarted();
    const shorter = sessionUnderTest([provider], {
      deadlineMs: 300_000,
      record: {
        read: async () => disk.records,
        write: async () => undefined,
        clear: async () => undefined,
        clearAll: async () => undefined,
      },
    });
    shorter.clock.wall += 300_001;
    const session = shorter.create();
    await session.restore();
    expect(session.all().at(-1)).toBeUndefined();
  });

  it('waits for the network, and records its absence once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { session, provider, restoring, told } = await restarted((world) => {
      world.provider.answer = failure('directory-unreachable');
    });
    await restoring;
    expect(session.all().at(-1)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(told('failed')).toMatchObject([{ detail: 'directory-unreachable' }]);
    provider.answer = [group('staff')];
    await vi.advanceTimersByTimeAsync(15_000);
    expect(session.all().at(-1)?.account).toEqual(ada);
  });

  it.each(['fails', 'is cancelled'] as const)('goes on after a new sign-in that %s', async (how) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { session, provider, disk, restoring } = await restarted((world) => {
      world.provider.renewal = failure('authority-unreachable');
    });
    await restoring;
    expect(session.state()).toMatchObject({ kind: 'signed-out', problem: { code: 'authority-unreachable' } });
    await session.signIn();
    await settle();
    if (how === 'fails') provider.enter(failure('authority-unreachable'));
    else await session.cancelSignIn();
    await settle();
    expect(disk.record).toBeDefined();
    provider.renewal = undefined;
    await vi.advanceTimersByTimeAsync(15_000);
    await settle();
    expect(session.all().at(-1)?.account).toEqual(ada);
  });

  it('says who is kept away, beside those who are back', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const world = setUp();
    const { provider, other } = world;
    await signIn(world.session, provider, ada);
    await signIn(world.session, other, person('bruno', 'other'));
    expect(world.session.awaited()).toEqual([]);
    await world.session.close();
    provider.answer = failure('directory-unreachable');
    const session = world.create();
    await session.restore();
    expect(session.all().map(({ account }) => account.username)).toEqual(['bruno@t.example']);
    expect(session.awaited()).toEqual([ada]);
    expect(session.problem()?.message).toBe('ada@t.example: It failed: directory-unreachable.');
    // It is still the one that is waited for, however often it is tried.
    await vi.advanceTimersByTimeAsync(16_000);
    expect(session.awaited()).toEqual([ada]);
    provider.answer = [group('staff')];
    await vi.advanceTimersByTimeAsync(15_000);
    expect(session.awaited()).toEqual([]);
    expect(session.all()).toHaveLength(2);
  });

  it('waits for nobody whom the directory has turned away', async () => {
    const { session, restoring } = await restarted(({ provider }) => {
      provider.renewal = failure('account-disabled');
    });
    await restoring;
    expect(session.awaited()).toEqual([]);
    expect(session.state()).toMatchObject({
      problem: { code: 'account-disabled', message: 'ada@t.example: It failed: account-disabled.' },
    });
  });

  it('is tried at once for a tool that asks, and stays expected while the network is away', async () => {
    const { session, provider, restoring } = await restarted((world) => {
      world.provider.renewal = failure('authority-unreachable');
    });
    await restoring;
    expect(await session.resume({ provider: 'work', objectId: ada.objectId })).toBe(true);
    expect(session.all().at(-1)).toBeUndefined();
    expect(provider.codes).toBe(1);
    provider.renewal = undefined;
    expect(await session.resume({ provider: 'work', objectId: ada.objectId })).toBe(true);
    expect(session.all().at(-1)?.account).toEqual(ada);
  });

  it('is no more after a sign-out, whatever was under way', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { session, provider, disk, restoring } = await restarted((world) => {
      world.provider.renewal = failure('authority-unreachable');
    });
    await restoring;
    disk.fault = failure('store-failed');
    await session.signOut().catch(() => undefined);
    disk.fault = undefined;
    provider.renewal = ada;
    await vi.advanceTimersByTimeAsync(60_000);
    await settle();
    expect(await session.resume({ provider: 'work', objectId: ada.objectId })).toBe(false);
    expect(session.all().at(-1)).toBeUndefined();
  });

  it('forgets tokens of somebody else, and a sign-in that the directory has ended', async () => {
    for (const change of [
      ({ provider }: ReturnType<typeof setUp>) => provider.caches.set(ada.objectId, bruno),
      ({ provider }: ReturnType<typeof setUp>) => (provider.renewal = failure('account-disabled')),
    ]) {
      const { session, provider, disk, restoring } = await restarted((world) => void change(world));
      await restoring;
      expect([session.all().at(-1), provider.cached, disk.record]).toEqual([undefined, undefined, undefined]);
    }
  });

  it('says so where the record cannot be read', async () => {
    const { session, restoring, lines } = await restarted(({ disk }) => {
      disk.fault = failure('sealed-unreadable');
    });
    await restoring;
    expect(session.state()).toMatchObject({ kind: 'signed-out', problem: { code: 'sealed-unreadable' } });
    expect(lines).toEqual(['sign-in: It failed: sealed-unreadable.']);
  });

  it('can be signed out of, cancelled and closed while the network hangs', async () => {
    const hang = ({ provider }: ReturnType<typeof setUp>): void => {
      provider.gate = new Promise(() => undefined);
    };
    const out = await restarted(hang);
    await settle();
    expect(out.session.state()).toMatchObject({ kind: 'working', step: 'restoring' });
    await out.session.signOut();
    expect(out.session.state()).toEqual({ kind: 'signed-out' });
    expect([out.provider.cached, out.disk.record]).toEqual([undefined, undefined]);

    for (const end of ['cancelSignIn', 'close'] as const) {
      const { session, provider, disk } = await restarted(hang);
      await settle();
      await session[end]();
      expect(session.all().at(-1)).toBeUndefined();
      expect([provider.cached, disk.record?.objectId]).toEqual([ada, ada.objectId]);
    }
  });
});

it('closing in the middle of a refresh does not sign anybody out', async () => {
  const { session, provider, disk, told } = setUp();
  await signIn(session, provider, ada);
  provider.gate = new Promise(() => undefined);
  void session.refresh();
  await settle();
  await session.close();
  expect(told('ended')).toEqual([]);
  expect([provider.cached, disk.record?.objectId]).toEqual([ada, ada.objectId]);
});

describe('changed providers', () => {
  it('leave the session of a provider that stays, also in the middle of a refresh', async () => {
    const { session, provider, disk, told } = setUp();
    await signIn(session, provider, ada);
    provider.gate = new Promise(() => undefined);
    void session.refresh();
    await settle();
    const next = Object.assign(scriptedProvider(), { cached: ada });
    await session.setProviders([next]);
    await settle();
    expect(session.all().at(-1)?.account).toEqual(ada);
    expect(told('ended')).toEqual([]);
    expect(disk.record?.objectId).toBe(ada.objectId);
    expect(provider.cached).toEqual(ada);
    next.answer = [group('finance')];
    await session.refresh();
    expect(session.all().at(-1)?.groups).toEqual([group('finance')]);
  });

  it.each([
    ['turned off', () => [Object.assign(scriptedProvider(), { enabled: false })]],
    ['removed', () => []],
  ])('end the session of one that is %s, with its tokens', async (_what, next) => {
    const { session, provider, disk, told } = setUp();
    await signIn(session, provider, ada);
    await session.setProviders(next());
    expect(session.all().at(-1)).toBeUndefined();
    expect(told('ended')).toMatchObject([{ detail: 'refused' }]);
    expect([provider.cached, disk.record]).toEqual([undefined, undefined]);
  });

  it('are not asked after a restart where they have been turned off', async () => {
    const { session, provider, disk, create } = setUp();
    await signIn(session, provider, ada);
    await session.close();
    provider.enabled = false;
    const next = create();
    await next.restore();
    expect(next.state()).toEqual({ kind: 'signed-out' });
    expect([provider.cached, disk.record]).toEqual([undefined, undefined]);
  });
});
