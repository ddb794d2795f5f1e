import type { AppState } from '../../main/contract/state.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import layout from '../ui/layout.module.css';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { useTask } from '../ui/task.ts';
import { mayAdd } from './organisation-locks.ts';
import { ProviderCard } from './provider-card.tsx';
import { ProviderForm } from './provider-form.tsx';
import cards from '../ui/cards.module.css';

/** Who may say who a person is, in the order in which they are asked, and their administration. */
export function Providers({ state }: { state: AppState }) {
  const { task, begin, end, anchor: list } = useTask<'add', HTMLUListElement>();
  const announce = useAnnounce();
  const account = state.signIn.kind === 'signed-in' ? state.signIn.account : undefined;

  return (
    <>
      <div className={cards['top']}>
        <ScreenHeading>Providers</ScreenHeading>
        {task === undefined && mayAdd(state, 'providers') && (
          <Button kind="primary" onClick={() => begin('add')}>
            Add a provider
          </Button>
        )}
      </div>
      <p className={layout['soft']}>
        They are asked in this order who a person is. Changes are written to the configuration file at once.
      </p>
      {!mayAdd(state, 'providers') && (
        <p className={layout['soft']}>Your organisation allows no providers but its own on this computer.</p>
      )}
      {task === 'add' && (
        <section className={cards['card']} aria-labelledby="new-provider">
          <h2 id="new-provider">New provider</h2>
          <ProviderForm onSaved={() => end('Provider added')} onCancel={() => end()} />
        </section>
      )}
      {state.providers.length === 0 && task === undefined && (
        <Empty icon="directory" title="No provider is set up yet">
          Add your Entra ID tenant: you need the application id of its app registration.
        </Empty>
      )}
      <ul className={cards['cards']} ref={list} tabIndex={-1} aria-label="Authentication chain">
        {state.providers.map((provider, index) => (
          <ProviderCard
            key={provider.name}
            provider={provider}
            position={index + 1}
            signsIn={account?.provider === provider.name}
            onRemoved={() => {
              announce('Provider removed');
              list.current?.focus();
            }}
          />
        ))}
      </ul>
    </>
  );
}
