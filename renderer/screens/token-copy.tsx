import { useState } from 'react';
import type { ActionReply, ActionRequest } from '../../main/contract/action-schemas.ts';
import { useAction } from '../bridge.ts';
import { access as t } from '../texts/en/access.ts';
import { Copied } from '../ui/copied.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';

/** Puts a token on the clipboard, and knows of the last one that is there. */
export function useTokenCopy() {
  const { run, busy, problem, dismiss } = useAction();
  const [copied, setCopied] = useState<ActionReply<'copyToken'>>();
  return {
    /** @returns `said`, or undefined where none was copied */
    async copy(request: ActionRequest<'copyToken'>, said: string): Promise<string | undefined> {
      setCopied(undefined);
      const done = await run('copyToken', request);
      if (done === undefined) return undefined;
      setCopied(done.reply);
      return said;
    },
    busy,
    problem,
    dismiss,
    copied,
    forget: () => setCopied(undefined),
  };
}

/** Until when the token that was copied can be used, and when it leaves the clipboard. */
export function CopiedToken({ copied, forget }: Pick<ReturnType<typeof useTokenCopy>, 'copied' | 'forget'>) {
  const now = useNow(60_000);
  if (copied === undefined) return null;
  return (
    <Copied key={copied.id} clearsAt={copied.clearsAt} onOver={forget}>
      {t.pasteItAsThePasswordBefore(timeOfDay(copied.expiresAt, now))}
    </Copied>
  );
}
