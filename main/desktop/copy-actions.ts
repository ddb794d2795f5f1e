import type { ActionHandlers } from '../contract/action-schemas.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { SecretClipboard } from './clipboard.ts';
import type { DesktopBroker } from './ports.ts';
import type { Shortlist } from './shortlist.ts';

interface CopyParts {
  broker: Pick<DesktopBroker, 'actions' | 'state'>;
  secrets: SecretClipboard;
  copyText(text: string): void | Promise<void>;
  shortlist: Pick<Shortlist, 'used'>;
}

/** What goes to the clipboard; a secret that does not get there opens nothing any more. */
export function copyActions(parts: CopyParts): ActionHandlers<'copyToken' | 'copyCommand' | 'copyHandle'> {
  const { broker, secrets } = parts;
  return {
    async copyToken(request) {
      const issued = await broker.actions.issueToken(request);
      try {
        const clearsAt = await secrets.copy(issued.token);
        parts.shortlist.used(request.connection);
        return {
          id: issued.id,
          role: issued.role,
          expiresAt: issued.expiresAt,
          clearsAt: clearsAt.toISOString(),
        };
      } catch (cause) {
        await broker.actions.revokeTokens({ id: issued.id });
        throw new LatchkeyError('command-failed', 'The token could not be put on the clipboard.', {
          remedy: 'It has been revoked. Try again, or use `latchkey token` in a terminal.',
          cause,
        });
      }
    },

    async copyCommand({ connection, as }) {
      const found = broker.state().connections.find(({ name }) => name === connection);
      const command =
        as === undefined
          ? found?.command
          : found?.grants.find((grant) => grant.objectId === as && grant.command !== undefined)?.command;
      if (command === undefined) {
        throw new LatchkeyError(
          'connection-unknown',
          `There is no command for the connection "${connection}".`,
          { remedy: 'Choose one of the connections that are shown with a command.' },
        );
      }
      await parts.copyText(command);
      parts.shortlist.used(connection);
    },

    async copyHandle(request) {
      const { id, handle } = await broker.actions.makeHandle(request);
      try {
        return { id, clearsAt: (await secrets.copy(handle)).toISOString() };
      } catch (cause) {
        await broker.actions.revokeHandle({ id });
        throw new LatchkeyError('command-failed', 'The saved password could not be put on the clipboard.', {
          remedy: 'It has been revoked. Try again.',
          cause,
        });
      }
    },
  };
}
