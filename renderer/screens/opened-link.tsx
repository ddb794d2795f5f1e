import { useEffect } from 'react';
import type { Link, LinkScreen } from '../../main/contract/link.ts';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { frame as t } from '../texts/en/frame.ts';
import { Button } from '../ui/button.tsx';
import type { Place } from '../ui/frame.tsx';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { type Row, sectionsOf } from './connection-rows.ts';
import { JoinDialog } from './late-parts.ts';
import type { Panes } from './panes.ts';

const placeOf: Record<LinkScreen, Place> = {
  access: 'home',
  activity: 'activity',
  audit: 'audit',
  tools: 'tools',
  connections: 'connections',
  security: 'security',
  providers: 'providers',
  organisation: 'settings',
  doctor: 'doctor',
  settings: 'settings',
  about: 'about',
};

/**
 * Follows a link that was opened: to a screen, to a connection in the list, or to the question whether to join an
 * organisation. It presses nothing there.
 */
export function OpenedLink(props: {
  state: AppState;
  panes: Pick<Panes, 'open'>;
  onPlace(place: Place): void;
}) {
  const { state, onPlace } = props;
  const { open } = props.panes;
  const { run } = useAction();
  const { link } = state;
  const place = link === undefined ? undefined : placeIn(link);
  const row = link?.kind === 'connection' ? rowOf(state, link.name)?.key : undefined;
  // The palette opens by itself.
  const isPalette = link?.kind === 'palette';
  const isFollowed = isPalette || (place !== undefined && (link?.kind !== 'connection' || row !== undefined));
  const dismiss = (): void => void run('dismissLink', {});

  useEffect(() => {
    if (!isFollowed) return;
    if (place !== undefined) onPlace(place);
    if (row !== undefined) open(row, true);
    void run('dismissLink', {});
  }, [isFollowed, place, row, onPlace, open, run]);

  if (link === undefined || isFollowed) return null;
  if (link.kind === 'join') return <JoinDialog key={link.address} address={link.address} onClose={dismiss} />;
  return (
    <Modal
      title={t.thisLinkLeadsNowhere}
      onEscape={dismiss}
      footer={
        <Button kind="primary" onClick={dismiss}>
          {common.close}
        </Button>
      }
    >
      <p>
        {link.kind === 'connection' ? (
          <>{t.thereIsNoConnectionWithThe(<Name>{link.name}</Name>)}</>
        ) : (
          t.latchkeyHasNoScreenForIt
        )}
      </p>
    </Modal>
  );
}

function placeIn(link: Link): Place | undefined {
  if (link.kind === 'screen') return placeOf[link.screen];
  return link.kind === 'connection' ? 'home' : undefined;
}

function rowOf(state: AppState, name: string): Row | undefined {
  return sectionsOf(state, '')
    .flatMap(({ rows }) => rows)
    .find(({ connection }) => connection.name === name);
}
