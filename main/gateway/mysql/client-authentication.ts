import type { HandshakeResponse } from './handshake-response.ts';
import type { PacketChannel } from './packet-channel.ts';
import type { MysqlProof } from './proofs.ts';
import { encodeAuthSwitch } from './server-packets.ts';

/** The methods by which a client can prove that it holds a token without sending it. */
export type ProofPlugin = 'mysql_native_password' | 'caching_sha2_password';

const kinds: Record<ProofPlugin, { kind: MysqlProof['kind']; length: number }> = {
  mysql_native_password: { kind: 'mysql-native', length: 20 },
  caching_sha2_password: { kind: 'caching-sha2', length: 32 },
};

function isProofPlugin(name: string): name is ProofPlugin {
  return Object.hasOwn(kinds, name);
}

/** The method that a proof was made by. */
export function pluginOf({ kind }: MysqlProof): ProofPlugin {
  return kind === 'mysql-native' ? 'mysql_native_password' : 'caching_sha2_password';
}

/**
 * Which method to announce in front of a server. Clients of MariaDB know the native one without further files, and those
 * of MySQL 9 have lost it.
 */
export function announcedPlugin(serverPlugin: string, mariadb: boolean): ProofPlugin {
  if (isProofPlugin(serverPlugin)) return serverPlugin;
  return mariadb ? 'mysql_native_password' : 'caching_sha2_password';
}

/**
 * Gets the client's proof. A client that names another method than the announced one is asked again, in its own method
 * where we have that, else in ours: "Authentication Method Mismatch"
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html). Nothing is verified here, and
 * no method asks for the token itself.
 *
 * @param pluginAuth whether the client names methods at all; others know the native one only.
 */
export async function readMysqlProof(
  channel: PacketChannel,
  sent: Pick<HandshakeResponse, 'plugin' | 'response'>,
  greeting: { plugin: ProofPlugin; scramble: Uint8Array },
  pluginAuth: boolean,
): Promise<MysqlProof> {
  const { scramble } = greeting;
  const named = pluginAuth ? sent.plugin : 'mysql_native_password';
  if (isProofPlugin(named)) {
    // An empty answer to the announced method is an empty password; to another one it is a request for a scramble.
    const answered = sent.response.length === kinds[named].length;
    if (answered || named === greeting.plugin || !pluginAuth) return proof(named, scramble, sent.response);
  }
  const wanted = isProofPlugin(named) ? named : greeting.plugin;
  channel.write(encodeAuthSwitch(wanted, scramble));
  return proof(wanted, scramble, await channel.read());
}

function proof(plugin: ProofPlugin, scramble: Uint8Array, response: Uint8Array): MysqlProof {
  // Copies of their own: posting a slice to another thread would send everything around it too.
  return {
    kind: kinds[plugin].kind,
    scramble: Uint8Array.from(scramble),
    response: Uint8Array.from(response),
  };
}
