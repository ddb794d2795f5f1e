import type { AppState } from '../../main/contract/state.ts';
import { providers as t } from '../texts/en/providers.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import layout from '../ui/layout.module.css';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { useTask } from '../ui/task.ts';
import { mayAdd } from './organisation-locks.ts';
import { ProviderCard } from './provider-card.tsx';
import { liveOf } from './sign-out.tsx';
import { ProviderForm } from './provider-form.tsx';
import cards from '../ui/cards.module.css';

function endsWith({ accounts, databaseSessions }: AppState, provider: string) {
  const through = accounts.filter(({ account }) => account.provider === provider);
  return {
    accounts: through.length,
    sessions: through.reduce((sum, { account }) => sum + liveOf(databaseSessions, account), 0),
  };
}

/** Who may say who a person is, in the order in which they are asked, and their administration. */
export function Providers({ state }: { state: AppState }) {
  const { task, begin, end, anchor: list } = useTask<'add', HTMLUListElement>();
  const announce = useAnnounce();
  const add = task === undefined && mayAdd(state, 'providers') && (
    <Button kind="primary" onClick={() => begin('add')}>
      {t.addAProvider}
    </Button>
  );

  return (
    <>
      <div className={cards['top']}>
        <ScreenHeading>{t.providers}</ScreenHeading>
        {state.providers.length > 0 && add}
      </div>
      <p className={layout['soft']}>{t.theyAreAskedInThisOrder}</p>
      {!mayAdd(state, 'providers') && <p className={layout['soft']}>{t.yourOrganisationAllowsNo}</p>}
      {task === 'add' && (
        <section className={cards['card']} aria-labelledby="new-provider">
          <h2 id="new-provider">{t.newProvider}</h2>
          <ProviderForm onSaved={() => end(t.providerAdded)} onCancel={() => end()} />
        </section>
      )}
      {state.providers.length === 0 && task === undefined && (
        <Empty icon="directory" title={t.noProviderIsSetUpYet} way={add}>
          {t.addYourEntraIdTenantYou}
        </Empty>
      )}
      <ul className={cards['cards']} ref={list} tabIndex={-1} aria-label={t.authenticationChain}>
        {state.providers.map((provider, index) => (
          <ProviderCard
            key={provider.name}
            provider={provider}
            position={index + 1}
            ends={endsWith(state, provider.name)}
            onRemoved={() => {
              announce(t.providerRemoved);
              list.current?.focus();
            }}
          />
        ))}
      </ul>
    </>
  );
}
