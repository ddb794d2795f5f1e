import { useAction } from '../bridge.ts';
import { JoinDialog } from './late-dialogs.ts';

/** A link to an organisation was opened: the question stands there with its address, and nothing has been asked for. */
export function LinkedOrganisation({ address }: { address: string | undefined }) {
  const dismiss = useAction();
  if (address === undefined) return null;
  return (
    <JoinDialog key={address} address={address} onClose={() => void dismiss.run('dismissJoinLink', {})} />
  );
}
