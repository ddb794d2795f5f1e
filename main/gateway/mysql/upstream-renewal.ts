import { createByteReader } from '../byte-reader.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamLogin } from '../ports.ts';
import { ProtocolError } from '../refused.ts';
import { type Capabilities, loginFlags } from './capabilities.ts';
import { type ChangeUser, encodeChangeUser } from './change-user.ts';
import { commands } from './commands.ts';
import { createPacketChannel } from './packet-channel.ts';
import { withPerson } from './person-attributes.ts';
import { authenticate, firstResponse } from './upstream-authentication.ts';
import type { GreetedUpstream } from './upstream-connect.ts';
import { limit, type UpstreamSession } from './upstream-login.ts';

/**
 * Begins an open session anew, as its own user: COM_CHANGE_USER.
 *
 * @param asked what of it is the client's: database, character set, attributes.
 * @param session the capabilities of the client's login.
 * @returns the payload of the OK packet. Throws as `renew` does.
 */
export async function changeUser(
  upstream: UpstreamSession,
  login: UpstreamLogin,
  asked: Pick<ChangeUser, 'database' | 'charset' | 'attributes'>,
  session: Capabilities,
): Promise<Buffer> {
  const { user, person } = login;
  const attributes =
    person?.isNamed === true ? withPerson(asked.attributes, person, asked.charset) : asked.attributes;
  const server = upstream.greeting.capabilities;
  const flags = loginFlags(server, session, { database: true, tls: false });
  return renew(upstream, login, session, async (open) => {
    const first = firstResponse(open, login, upstream.at);
    open.channel.write(encodeChangeUser({ ...asked, ...first, user, attributes }, flags));
    return authenticate(open, upstream.at, login, first);
  });
}

/**
 * COM_RESET_CONNECTION, and what the rule limits after it.
 * @returns the payload of the server's answer, which may be an error. Throws as `renew` does.
 */
export async function resetConnection(
  upstream: UpstreamSession,
  login: UpstreamLogin,
  session: Capabilities,
): Promise<Buffer> {
  return renew(upstream, login, session, async ({ channel }) => {
    channel.write(Buffer.from([commands.resetConnection]));
    return channel.read();
  });
}

/**
 * The connection must have nothing under way; its receiver has to be set again afterwards.
 * @throws Refused, LatchkeyError as at a login; the socket is gone then.
 */
async function renew(
  upstream: UpstreamSession,
  login: UpstreamLogin,
  session: Capabilities,
  ask: (open: GreetedUpstream) => Promise<Buffer>,
): Promise<Buffer> {
  const { connection, at } = upstream;
  const { socket } = connection;
  const reader = createByteReader(connection);
  const open = { ...upstream, reader, channel: createPacketChannel({ socket, reader }) };
  const { signal } = new AbortController();
  return loginStep({ socket, reader, address: at, protocol: 'MySQL' }, signal, async () => {
    const answer = await ask(open);
    await limit(open, at, login, session);
    if (reader.release().length > 0) throw new ProtocolError('it speaks before it is asked');
    return answer;
  });
}
