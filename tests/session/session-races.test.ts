import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Account } from '../../main/contract/state.ts';
import type { LiveSession } from '../../main/session/live-session.ts';
import type { Session } from '../../main/session/session.ts';
import {
  failure,
  group,
  person,
  scriptedProvider,
  sessionUnderTest,
  settle,
  type ScriptedProvider,
} from './scripted-provider.ts';

/** Of each tenant; the same object ids in both, which nothing may take for one account. */
const names = ['ada', 'bruno', 'carla', 'dario'] as const;
const tenants = ['work', 'other'] as const;
const accountOf = (name: string, tenant: string): Account => ({ ...person(name, tenant), tenantId: tenant });

const tenant = fc.constantFrom(...tenants);
const name = fc.constantFrom(...names);
/** What ends everybody, and what keeps sign-ins from succeeding, comes seldom enough for many to be there at once. */
const operation = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('sign-in-as' as const), who: name, tenant }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sign-in' as const), tenant }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('enter' as const), who: fc.oneof(name, fc.constant('declined')) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('renewal' as const),
      answer: fc.constantFrom('same', 'same', 'unreachable', 'disabled'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('groups' as const),
      answer: fc.constantFrom('staff', 'staff', 'none', 'refused'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('sign-out-of' as const, 'end' as const, 'token' as const),
      who: name,
      tenant,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'refresh',
        'hold',
        'let-go',
        'let-go',
        'let-go',
        'turn',
        'settle',
        'settle',
        'settle',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel', 'sign-out', 'restart', 'restart') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      hours: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 2 }) }, fc.constant(9)),
    }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer Of> ? Of : never;

const exclusive = fc.constantFrom<ScriptedProvider['exclusive']>(undefined, undefined, true, 'refuse');

/** Sessions of several accounts, what has been seen of them, and what must hold at every moment. */
class World {
  readonly providers: Record<string, ScriptedProvider>;
  readonly both: ScriptedProvider[];
  readonly under: ReturnType<typeof sessionUnderTest>;
  readonly most: number;
  session: Session;
  /** Whose each session is. */
  readonly seen = new Map<string, string>();
  /** Known when the process ended: whether they come back is for deadline and directory to say. */
  readonly atRestart = new Set<string>();
  readonly running: Promise<unknown>[] = [];
  readonly gates: (() => void)[] = [];

  constructor(most: number, alone: ScriptedProvider['exclusive'] | undefined) {
    this.most = most;
    const other = scriptedProvider('other');
    if (alone !== undefined) other.exclusive = alone;
    this.providers = { work: scriptedProvider('work'), other };
    this.both = Object.values(this.providers);
    this.under = sessionUnderTest(this.both, { most });
    this.session = this.under.create();
  }

  start(work: Promise<unknown>): void {
    this.running.push(work.catch(() => undefined));
  }

  letGo(): void {
    for (const open of this.gates.splice(0)) open();
    for (const provider of this.both) provider.gate = undefined;
  }

  enter(who: string): void {
    for (const provider of this.both)
      provider.enter(who === 'declined' ? failure('sign-in-declined') : accountOf(who, provider.name));
  }

  find(who: string, of: string): LiveSession | undefined {
    return this.session.of(accountOf(who, of));
  }

  async restart(): Promise<void> {
    // Also those whose deadline has passed unnoticed.
    for (const id of this.seen.keys()) this.atRestart.add(id);
    this.letGo();
    await this.session.close();
    await Promise.all(this.running);
    this.session = this.under.create();
    this.start(this.session.restore());
  }

  /** A token is asked for as the broker does: of the session's provider, for its account. */
  async token(who: string, of: string): Promise<void> {
    const live = this.find(who, of);
    if (live === undefined) return;
    const { accessToken } = this.providers[live.provider] ?? {};
    const token = await accessToken?.([], live.account).catch(() => undefined);
    if (token !== undefined) expect(token.text).toBe(`token of ${live.account.objectId}`);
  }

  look(): void {
    const all = this.session.all();
    expect(all.length).toBeLessThanOrEqual(this.most);
    expect(new Set(all.map(keyOf)).size, 'one session for one account').toBe(all.length);
    if (all.length > 1)
      expect(all.some(({ provider }) => this.providers[provider]?.exclusive !== undefined)).toBe(false);
    for (const live of all) {
      expect(live.account.tenantId, 'by its own provider').toBe(live.provider);
      expect(this.seen.get(live.id) ?? keyOf(live), 'a session stays with its account').toBe(keyOf(live));
      this.seen.set(live.id, keyOf(live));
    }
  }

  /** Nothing is under way any more. */
  lookAtRest(): void {
    this.look();
    const all = this.session.all();
    const live = new Set(all.map(({ id }) => id));
    const ended = this.under.events
      .filter(({ event }) => event === 'ended')
      .map(({ session }) => session?.id ?? '');
    expect(new Set(ended).size, 'no session ends twice').toBe(ended.length);
    for (const id of this.seen.keys())
      if (!this.atRestart.has(id))
        expect(ended.includes(id), 'each session ends, or is live').toBe(!live.has(id));
    for (const { session, event } of this.under.events)
      if (event === 'ended' && session !== undefined)
        expect(this.seen.get(session.id) ?? keyOf(session), 'each ending names its account').toBe(
          keyOf(session),
        );
    const expected = all.map(keyOf).toSorted();
    const cached = this.both.flatMap((provider) =>
      [...provider.caches].map(([id, account]) => {
        expect(account.objectId, 'a cache has the tokens of its account').toBe(id);
        return keyOf({ account });
      }),
    );
    expect(cached.toSorted(), 'tokens are those of the live sessions').toEqual(expected);
    const records = this.under.disk.records.map(({ id, objectId, provider }) => [id, objectId, provider]);
    const stored = all.map(({ id, account: { objectId }, provider }) => [id, objectId, provider]);
    expect(records.toSorted(), 'and so are the records').toEqual(stored.toSorted());
    expect(this.under.lines).toEqual([]);
  }
}

function keyOf({ account: { tenantId, objectId } }: Pick<LiveSession, 'account'>): string {
  return `${tenantId}/${objectId}`;
}

async function carryOut(world: World, each: Operation): Promise<void> {
  const { session, both } = world;
  switch (each.do) {
    case 'sign-in':
      return world.start(session.signIn({ provider: each.tenant }));
    case 'sign-in-as':
      world.start(session.signIn({ provider: each.tenant }));
      await settle();
      return world.enter(each.who);
    case 'enter':
      return world.enter(each.who);
    case 'renewal':
      for (const provider of both) {
        if (each.answer === 'same') provider.renewal = undefined;
        else
          provider.renewal = failure(
            each.answer === 'disabled' ? 'account-disabled' : 'authority-unreachable',
          );
      }
      return;
    case 'groups':
      for (const provider of both) {
        const known = each.answer === 'none' ? [] : [group('staff')];
        provider.answer = each.answer === 'refused' ? failure('directory-refused') : known;
      }
      return;
    case 'sign-out-of': {
      const live = world.find(each.who, each.tenant);
      if (live === undefined) return;
      const others = session.all().filter(({ id }) => id !== live.id);
      world.start(session.signOutOf(live.id));
      // At once, and of nobody else.
      return expect(session.all()).toEqual(others);
    }
    case 'end':
      return world.start(
        session.end(
          ({ account }) => account.objectId === `id-${each.who}` && account.tenantId === each.tenant,
          { code: 'account-disabled', message: 'It has been turned off.' },
        ),
      );
    case 'token':
      return world.token(each.who, each.tenant);
    default:
      return carryOutSimple(world, each);
  }
}

async function carryOutSimple(
  world: World,
  each: Exclude<Operation, { tenant: string } | { who: string } | { answer: string }>,
): Promise<void> {
  const { session, both } = world;
  switch (each.do) {
    case 'cancel':
      return world.start(session.cancelSignIn());
    case 'sign-out':
      world.start(session.signOut());
      return expect(session.all()).toEqual([]);
    case 'refresh':
      return world.start(session.refresh());
    case 'hold':
      for (const provider of both) provider.gate ??= new Promise((open) => world.gates.push(open));
      return;
    case 'let-go':
      return world.letGo();
    case 'turn':
      return Promise.resolve();
    case 'settle':
      return settle();
    case 'restart':
      return world.restart();
    case 'wait':
      world.under.clock.wall += each.hours * 3600_000;
  }
}

const adaAt = (where: (typeof tenants)[number], what: 'sign-in-as' | 'sign-out-of'): Operation =>
  ({ do: what, who: 'ada', tenant: where }) as Operation;
const signInAt = (where: (typeof tenants)[number]): Operation => ({ do: 'sign-in', tenant: where });
const plain = (...what: string[]): Operation[] => what.map((each) => ({ do: each }) as Operation);

/** A sign-in that came to its turn while the session closed waited for its person for good. */
const onceHung: Operation[] = [
  adaAt('other', 'sign-in-as'),
  ...plain('settle', 'restart'),
  adaAt('work', 'sign-out-of'),
  signInAt('work'),
  ...plain('refresh'),
  signInAt('work'),
  adaAt('work', 'sign-out-of'),
  ...plain('refresh', 'refresh'),
  adaAt('work', 'sign-out-of'),
  signInAt('work'),
  ...plain('refresh', 'restart'),
];

/** A sign-in that had waited for the restore went on after the close, beside the session of the next start. */
const onceOutlived: Operation[] = [
  adaAt('other', 'sign-in-as'),
  adaAt('work', 'sign-in-as'),
  ...plain('restart'),
  signInAt('work'),
  ...plain('refresh', 'refresh', 'refresh', 'restart'),
  adaAt('other', 'sign-in-as'),
];

it('holds together whatever overlaps', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 2, 5, 8),
      exclusive,
      fc.array(operation, { maxLength: 60, size: 'max' }),
      async (most, alone, operations) => {
        const world = new World(most, alone);
        for (const each of operations) {
          await carryOut(world, each);
          world.look();
        }
        world.letGo();
        for (let round = 0; round < 2; round += 1) {
          world.enter('declined');
          await settle();
        }
        await world.session.cancelSignIn();
        await Promise.all(world.running);
        for (const provider of world.both)
          Object.assign(provider, { renewal: undefined, answer: [group('staff')] });
        await world.session.refresh();
        // Those that only the network has kept away come back now.
        await world.session.restore();
        await settle();
        world.lookAtRest();
        await world.session.close();
      },
    ),
    {
      numRuns: 600,
      // One that does not end is told with what it was.
      timeout: 20_000,
      examples: [onceHung, onceOutlived].map(
        (operations) => [1, undefined, operations] as [1, undefined, Operation[]],
      ),
    },
  );
});
