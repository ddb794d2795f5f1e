import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Account } from '../../main/contract/state.ts';
import { failure, group, person, scriptedProvider, sessionUnderTest, settle } from './scripted-provider.ts';

const people: Record<string, Account> = { ada: person('ada'), bruno: person('bruno') };

const operation = fc.oneof(
  fc.record({ do: fc.constant('sign-in' as const), provider: fc.constantFrom('work', 'other') }),
  fc.record({ do: fc.constant('enter' as const), who: fc.constantFrom('ada', 'bruno', 'declined') }),
  // Both together, which chance alone brings about too seldom.
  fc.record({ do: fc.constant('sign-in-as' as const), who: fc.constantFrom('ada', 'bruno') }),
  fc.record({
    do: fc.constant('renewal' as const),
    answer: fc.constantFrom('same', 'disabled', 'unreachable'),
  }),
  fc.record({ do: fc.constant('groups' as const), answer: fc.constantFrom('staff', 'none', 'refused') }),
  fc.record({ do: fc.constantFrom('cancel', 'sign-out', 'refresh', 'hold', 'let-go', 'turn', 'settle') }),
  fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 9 }) }),
);

it('holds together whatever overlaps', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
      const providers = { work: scriptedProvider('work'), other: scriptedProvider('other') };
      const both = Object.values(providers);
      const { create, events, clock, disk, lines } = sessionUnderTest(both);
      const session = create();
      const seen = new Set<string>();
      const running: Promise<unknown>[] = [];
      const gates: (() => void)[] = [];
      const letGo = (): void => {
        for (const open of gates.splice(0)) open();
        for (const provider of both) provider.gate = undefined;
      };
      const start = (work: Promise<unknown>): void => void running.push(work.catch(() => undefined));
      const enter = (who: string): void => {
        for (const provider of both) {
          const account = people[who];
          provider.enter(account ? { ...account, provider: provider.name } : failure('sign-in-declined'));
        }
      };
      const look = (): void => {
        const live = session.live();
        if (live !== undefined) seen.add(live.id);
      };

      for (const each of operations) {
        switch (each.do) {
          case 'sign-in':
            start(session.signIn({ provider: each.provider }));
            break;
          case 'sign-in-as':
            start(session.signIn());
            await settle();
            enter(each.who);
            break;
          case 'enter':
            enter(each.who);
            break;
          case 'renewal':
            for (const provider of both) {
              if (each.answer === 'same') provider.renewal = undefined;
              else
                provider.renewal = failure(
                  each.answer === 'disabled' ? 'account-disabled' : 'authority-unreachable',
                );
            }
            break;
          case 'groups':
            for (const provider of both) {
              provider.answer =
                each.answer === 'refused'
                  ? failure('directory-refused')
                  : each.answer === 'none'
                    ? []
                    : [group('staff')];
            }
            break;
          case 'cancel':
            start(session.cancelSignIn());
            break;
          case 'sign-out':
            start(session.signOut());
            expect(session.live()).toBeUndefined();
            break;
          case 'refresh':
            start(session.refresh());
            break;
          case 'hold':
            for (const provider of both) provider.gate ??= new Promise((open) => gates.push(open));
            break;
          case 'let-go':
            letGo();
            break;
          case 'turn':
            await Promise.resolve();
            break;
          case 'settle':
            await settle();
            break;
          case 'wait':
            clock.wall += each.hours * 3600_000;
            break;
        }
        look();
      }

      letGo();
      for (const provider of both) provider.enter(failure('sign-in-declined'));
      await settle();
      for (const provider of both) provider.enter(failure('sign-in-declined'));
      await settle();
      await session.cancelSignIn();
      await Promise.all(running);
      await session.refresh();
      await settle();
      look();

      const live = session.live();
      const ended = events.filter(({ event }) => event === 'ended').map(({ session }) => session?.id);
      expect(new Set(ended).size, 'no session ends twice').toBe(ended.length);
      for (const id of seen)
        expect(ended.includes(id), 'each session ends, or is live').toBe(id !== live?.id);
      for (const provider of both) {
        const stored = live?.provider === provider.name ? live.account.objectId : undefined;
        expect(provider.cached?.objectId, 'tokens are those of the live session').toBe(stored);
      }
      expect(disk.record?.id, 'and so is the record').toBe(live?.id);
      expect(lines).toEqual([]);
      await session.close();
    }),
    { numRuns: 1500 },
  );
});
