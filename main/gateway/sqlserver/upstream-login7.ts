import { LatchkeyError } from '../../contract/errors.ts';
import { personLabel, printableUnicode } from '../person.ts';
import type { TlsSettings, UpstreamLogin } from '../ports.ts';
import { refused, sqlStates } from '../refused.ts';
import { uint32, utf16 } from './fields.ts';
import {
  type Feature,
  type Login7,
  featureIds,
  maxLogin7,
  maxTextLength,
  tds73b,
  tds74,
  tds80,
} from './login7.ts';
import { type Prelogin, preloginOptions } from './prelogin.ts';

/** Of LOGIN7: "PacketSize" in 2.2.6.4. */
const packetSizeOffset = 8;
/**
 * A packet has to fit one TLS record (16,384 bytes, RFC 5246 section 6.2.1), and SQL Server ends at one byte less:
 * https://learn.microsoft.com/en-us/sql/database-engine/configure-windows/configure-the-network-packet-size-server-configuration-option
 */
const maxEncryptedPacket = 16_383;

const typeFlags = 26;
const readOnlyIntent = 0x20;

/** bFedAuthLibrary SECURITYTOKEN in the upper seven bits: [MS-TDS] 2.2.6.4, "FEDAUTH Feature Extension". */
const securityToken = 0x01 << 1;

/**
 * The client's own LOGIN7 with the upstream's credential, database and name in it. What else the client is and wants stays
 * as it sent it, since it will be the one to live with it; but for the recovery of sessions, with which a driver opens
 * broken connections again, past whoever decides about logins here.
 *
 * @param serverName the name under which the server was dialled: Azure's gateways find the database's server by it.
 * @param prelogin the upstream's answer to PRELOGIN.
 * @param tlsMode TLS limits the packets that may be asked for, and with `strict` the version is 8.0.
 * @throws LatchkeyError `credential-missing`, `credential-failed`; Refused where the client is too old for access tokens.
 */
export function upstreamLogin7(
  client: Login7,
  login: UpstreamLogin,
  serverName: string,
  prelogin: Prelogin,
  tlsMode: TlsSettings['mode'],
): Login7 {
  const { accessToken, password, person } = login;
  if (accessToken === undefined && password === undefined) throw missing();
  const tdsVersion = spokenVersion(client.tdsVersion, accessToken !== undefined, tlsMode === 'strict');
  const kept = client.features?.filter(({ id }) => !ours.has(id));
  const common = {
    ...client,
    head: withIntent(tlsMode === 'off' ? client.head : withPacketLimit(client.head), login.readOnly === true),
    tdsVersion,
    // Where a host's name is longer than the field, it only loses what Azure alone reads.
    serverName: serverName.slice(0, maxTextLength),
    ...(person?.isNamed === true && {
      appName: personLabel(person, client.appName, maxTextLength, printableUnicode),
    }),
    database: fitting(login.database),
    features: nonEmpty(kept),
  };
  if (accessToken === undefined)
    return { ...common, userName: fitting(login.user), password: fitting(password ?? '') };
  // FeatureExt came with 7.4.
  if (tdsVersion >>> 0 < tds74 && tdsVersion !== tds80) throw tooOld();
  const features = [fedAuthFeature(accessToken, prelogin), ...(kept ?? [])];
  return { ...common, userName: '', password: '', features };
}

/**
 * Another version where it makes no difference to what client and server say to each other: 8.0 is 7.4 for those who
 * speak TLS first, and 7.3B is 7.4 without features, which access tokens need. The client is told its own version.
 * @throws Refused where a strict server, which speaks 8.0 only, would talk to an older client than that.
 */
function spokenVersion(tdsVersion: number, byToken: boolean, strict: boolean): number {
  if (strict) {
    if (tdsVersion !== tds80 && tdsVersion !== tds74 && tdsVersion !== tds73b) throw tooOld();
    return tds80;
  }
  if (tdsVersion === tds80 || (byToken && tdsVersion === tds73b)) return tds74;
  return tdsVersion;
}

/** fReadOnlyIntent in TypeFlags (2.2.6.4): the session is for a readable secondary, where there is one. */
function withIntent(head: Buffer, readOnly: boolean): Buffer {
  if (!readOnly) return head;
  const copy = Buffer.from(head);
  copy[typeFlags] = copy.readUInt8(typeFlags) | readOnlyIntent;
  return copy;
}

/** Whoever asks for more is given less, and told so with the answer; 0 leaves it to the server. */
function withPacketLimit(head: Buffer): Buffer {
  if (head.readUInt32LE(packetSizeOffset) <= maxEncryptedPacket) return head;
  const limited = Buffer.from(head);
  limited.writeUInt32LE(maxEncryptedPacket, packetSizeOffset);
  return limited;
}

const ours = new Set<number>([featureIds.sessionRecovery, featureIds.fedAuth]);

function nonEmpty(features: Feature[] | undefined): Feature[] | undefined {
  return features !== undefined && features.length > 0 ? features : undefined;
}

/** The server's FEDAUTHREQUIRED is echoed, and its nonce, where it sent one. */
function fedAuthFeature(accessToken: string, prelogin: Prelogin): Feature {
  const echo = prelogin.get(preloginOptions.fedAuthRequired)?.[0] === 1 ? 1 : 0;
  const token = utf16(accessToken);
  if (token.length > maxLogin7 / 2) throw tooLong('access token');
  const nonce = prelogin.get(preloginOptions.nonce) ?? Buffer.alloc(0);
  const data = Buffer.concat([Buffer.from([securityToken | echo]), uint32(token.length), token, nonce]);
  return { id: featureIds.fedAuth, data };
}

function fitting(text: string): string {
  if (text.length > maxTextLength) throw tooLong('login, password or database name');
  return text;
}

function missing(): LatchkeyError {
  return new LatchkeyError('credential-missing', 'There is no password for the upstream login.', {
    remedy: 'Ask whoever administers this connection to give its role a credential.',
  });
}

function tooLong(what: string): LatchkeyError {
  return new LatchkeyError(
    'credential-failed',
    `The upstream's ${what} is longer than the SQL Server protocol allows.`,
    { remedy: 'Ask whoever administers this connection for a shorter one.' },
  );
}

function tooOld() {
  return refused(sqlStates.featureNotSupported, {
    code: 'protocol-unsupported',
    message: 'This connection needs version 7.4 of TDS, and the client speaks an older one.',
    remedy: 'Update the client, or set its TDS version to 7.4.',
  });
}
