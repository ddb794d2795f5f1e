import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { expect } from 'vitest';
import { signIn, soon, start } from './people-world.ts';
import { it } from './world.ts';

it('a guest logs in under the name that the tenant gives them, as its databases know it', async ({
  world,
}) => {
  const started = await start(world);
  const guest = await signIn(started, 'ines@tailspin.example', fabrikam.users.guest);
  const rule = world.rule({ entra: 'postgresql', user: 'person' });
  const { user } = await started.credentials.acquire({ connection: 'sales', rule, session: guest });
  expect(user).toBe('ines_tailspin.example#EXT#@fabrikam.example');
});

it('whoever has been renamed logs in under the name of now', async ({ world }) => {
  const started = await start(world);
  const { tenant, session, credentials } = started;
  const before = await signIn(started, 'ada@fabrikam.example', fabrikam.users.ada);
  tenant.putUser({
    user: { id: fabrikam.users.ada, userPrincipalName: 'ada.king@fabrikam.example', displayName: 'Ada King' },
  });
  await session.refresh();
  await expect
    .poll(() => session.withId(before.id)?.account.username, soon)
    .toBe('ada.king@fabrikam.example');
  const now = session.withId(before.id) ?? before;
  const rule = world.rule({ entra: 'postgresql', user: 'person' });
  const { user } = await credentials.acquire({ connection: 'sales', rule, session: now });
  expect(user).toBe('ada.king@fabrikam.example');
});
