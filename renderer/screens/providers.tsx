import { useRef, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { ProviderCard } from './provider-card.tsx';
import { ProviderForm } from './provider-form.tsx';
import styles from './providers.module.css';

/** Who may say who a person is, in the order in which they are asked, and their administration. */
export function Providers({ state }: { state: AppState }) {
  const [adding, setAdding] = useState(false);
  const announce = useAnnounce();
  const list = useRef<HTMLUListElement>(null);
  const account = state.signIn.kind === 'signed-in' ? state.signIn.account : undefined;

  function endAdding(text?: string): void {
    setAdding(false);
    if (text !== undefined) announce(text);
    list.current?.focus();
  }

  return (
    <>
      <div className={styles['top']}>
        <ScreenHeading>Providers</ScreenHeading>
        {!adding && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            Add a provider
          </Button>
        )}
      </div>
      <p className={styles['soft']}>
        They are asked in this order who a person is. Changes are written to the configuration file at once.
      </p>
      {adding && (
        <section className={styles['card']} aria-labelledby="new-provider">
          <h2 id="new-provider">New provider</h2>
          <ProviderForm onSaved={() => endAdding('Provider added')} onCancel={() => endAdding()} />
        </section>
      )}
      {state.providers.length === 0 && !adding && (
        <Empty icon="directory" title="No provider is set up yet">
          Add your Entra ID tenant: you need the application id of its app registration.
        </Empty>
      )}
      <ul className={styles['cards']} ref={list} tabIndex={-1} aria-label="Authentication chain">
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
