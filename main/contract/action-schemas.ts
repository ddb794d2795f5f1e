/** @long One table: every action with its request and its reply. */
import { z } from 'zod';
import type { ActionName, actions, AdministeringAction } from './actions.ts';
import { apiState } from './api-state.ts';
import * as audit from './audit-shapes.ts';
import { cloudNames, signInWays } from './clouds.ts';
import * as connection from './connection-shapes.ts';
import { explanation } from './explanation.ts';
import type { Proof } from './proof.ts';
import { protocolNames } from './protocols.ts';
import { recentLogin } from './recent-login.ts';
import * as shape from './shapes.ts';
import { account } from './sign-in-state.ts';
import { appState, clientChoices } from './state.ts';
import { supportBundle } from './support-bundle.ts';
import { updateChannels } from './update-state.ts';

/** What an action takes and gives, the same on every surface, and what it does, in one phrase for docs/API.md. */
export interface ActionSchema {
  does: string;
  /** Without the proof of the person: what administers takes it beside its own, see perform.ts. */
  request: z.ZodType;
  reply: z.ZodType;
}

function act<Request extends z.ZodType, Reply extends z.ZodType>(
  does: string,
  request: Request,
  reply: Reply,
) {
  return { does, request, reply };
}

const nothing = z.strictObject({});
const done = z.object({});
/** Whether there was one. */
const wasThere = z.boolean();
const checks = z.object({ checks: z.array(shape.check) });
const recoveryCodes = z.object({ recoveryCodes: z.array(z.string()) });
const { name, role, code, username } = shape;
const byId = z.strictObject({ id: name });
const byMaybeId = z.strictObject({ id: name.optional() });
const oneOrAll = z.union([byId, z.strictObject({ all: z.literal(true) })]);
/** Sign-in name or object id of an account that is signed in, where several are; by default the chosen or the only one. */
const asAccount = username.optional();
const ofAsAccount = z.strictObject({ as: asAccount });
const ofConnection = z.strictObject({ connection: name, as: asAccount });
/** `role`: the one that the tool is for, where an account has several; by default the first of the login's time. */
const ofTool = ofConnection.extend({ tool: name, role: role.optional() });
const settingIndex = z.number().int().min(0).max(100);
const ofAccount = z.strictObject({ username });
const clearsAt = z.iso.datetime();
/** `https://…#<fingerprint>`, or a link that carries one. */
const organisationAddress = z.string().min(1).max(2000);

export const actionSchemas = {
  getStart: act('whether Latchkey has started, or what keeps it from that', nothing, shape.start),
  tryStart: act(
    'tries the start again that has failed; `create` writes an empty configuration first where there is none',
    z.strictObject({ create: z.literal(true).optional() }),
    shape.start,
  ),
  openConfiguration: act(
    'opens the configuration file as the system does, or another file that a fault was found in',
    z.strictObject({ file: z.string().min(1).max(4096).optional() }),
    done,
  ),
  getState: act('the snapshot of the window', nothing, appState),
  readState: act(
    'the state; waits up to `wait` seconds (30 at most) for a revision above `after`',
    z.strictObject({
      after: z.coerce.number<number>().int().min(-1).default(-1),
      wait: z.coerce.number<number>().min(0).max(30).default(0),
    }),
    z.object({ revision: z.number().int(), state: apiState }),
  ),

  signIn: act(
    'starts a sign-in; code, success and failure are in the state. `anew` has the page ask for the password although its browser is signed in, `mail` mails the code',
    z.strictObject({
      provider: name.optional(),
      way: z.enum(signInWays).optional(),
      username: username.optional(),
      mail: z.boolean().optional(),
      anew: z.boolean().optional(),
    }),
    done,
  ),
  signInLocally: act(
    'signs in with a break-glass account: password, and the code of its authenticator',
    z.strictObject({ username, password: shape.secret, code }),
    done,
  ),
  cancelSignIn: act('ends a sign-in that waits', nothing, done),
  signOut: act(
    'signs an account out, or all of them: its tokens and database sessions end; without either the only one',
    z.strictObject({ as: asAccount, all: z.literal(true).optional() }),
    done,
  ),
  useAccount: act(
    'remembers the account that is meant where none is named; null forgets it',
    z.strictObject({ as: username.nullable() }),
    z.object({ account: account.optional() }),
  ),
  refresh: act('reads the groups of every account again now', nothing, done),
  copyCode: act('copies the device code that waits', nothing, wasThere),
  openVerificationPage: act('opens the page for the device code that waits', nothing, wasThere),

  issueToken: act(
    'issues a token; it is told this once',
    z.strictObject({
      connection: name,
      role: role.optional(),
      lifetimeSeconds: z.number().int().min(1).max(86_400).optional(),
      short: z.boolean().optional(),
      as: asAccount,
    }),
    shape.issuedToken,
  ),
  copyToken: act(
    'issues a token onto the clipboard, from where it is cleared at `clearsAt`; the window never gets it',
    z.strictObject({ connection: name, role: role.optional(), as: asAccount }),
    z.object({ id: z.string(), role: z.string(), expiresAt: z.iso.datetime(), clearsAt }),
  ),
  copyCommand: act('copies the command line of a connection', ofConnection, done),
  revokeTokens: act(
    'ends a token, or all of them, with the database sessions that they opened',
    oneOrAll,
    z.object({ revoked: z.number().int() }),
  ),
  cutSessions: act('ends a database session, or all of them', oneOrAll, z.object({ cut: z.number().int() })),
  dismissGatewayRestart: act('the person has seen that the gateways were started anew', nothing, done),
  retryListeners: act(
    'tries ports again that were taken; fails with the problem of the first that still is',
    nothing,
    done,
  ),

  makeHandle: act(
    'makes a saved password; it is told this once',
    z.strictObject({
      connection: name,
      role: role.optional(),
      tool: shape.toolName,
      short: z.boolean().optional(),
      as: asAccount,
    }),
    shape.madeHandle,
  ),
  copyHandle: act(
    'makes a saved password onto the clipboard, as copyToken does with a token',
    z.strictObject({ connection: name, role: role.optional(), tool: shape.toolName, as: asAccount }),
    z.object({ id: z.string(), clearsAt }),
  ),
  revokeHandle: act('ends a saved password with what it has opened', byId, done),

  allowClient: act(
    'lets the program in that waits to be allowed; without an id the only one that waits',
    z.strictObject({ id: name.optional(), choice: z.enum(clientChoices) }),
    done,
  ),
  denyPrompt: act(
    'refuses the logins that wait for a prompt of any kind; without an id the oldest. `block` refuses all that its program asks for in the next hour, too',
    z.strictObject({ id: name.optional(), block: z.literal(true).optional() }),
    done,
  ),
  answerPrompt: act(
    'answers a prompt for a second factor with a code; without an id the only one that waits',
    z.strictObject({ id: name.optional(), code }),
    done,
  ),
  askPhone: act(
    'answers it on the phone; the number to choose is in the state, and the reply comes with the answer',
    byMaybeId,
    done,
  ),
  readProgramIcon: act(
    'the icon of the program that a prompt is about, as a data URL; nothing where the system has none for it',
    byId,
    z.object({ image: z.string().startsWith('data:image/').max(1_000_000).optional() }),
  ),

  lock: act('does what the configuration says for a locked screen', nothing, done),
  unlock: act(
    'lets logins in again after a lock; takes a code of the authenticator where there is one',
    z.strictObject({ code: code.optional(), as: asAccount }),
    done,
  ),
  unlockAtScreen: act(
    'lets logins in again: whoever can use the window has an unlocked screen',
    nothing,
    done,
  ),
  unlockKeyring: act(
    'has the system ask for the password of the keyring once more; whether it is open is in the state',
    nothing,
    done,
  ),

  connectTools: act(
    'the tools that speak the protocol of a connection',
    ofConnection,
    z.array(shape.connectTool),
  ),
  connectSettings: act('what a tool needs to know of a connection', ofTool, shape.connectSettings),
  copySetting: act(
    'copies the text, or the value of the field, with this index in the settings',
    z.union([ofTool.extend({ text: settingIndex }), ofTool.extend({ field: settingIndex })]),
    done,
  ),
  writeSettings: act(
    'writes the files of a tool, with a saved password where they hold a password, and says which',
    ofTool,
    z.object({ written: z.array(z.string()) }),
  ),
  openTool: act('starts a tool', ofTool, done),

  enrolTotp: act(
    'begins the enrolment of an authenticator; the key is told this once',
    nothing,
    shape.enrolment,
  ),
  confirmTotp: act(
    'ends it with a first code of the key that was shown; the recovery codes are told this once',
    z.strictObject({ code, as: asAccount }),
    recoveryCodes,
  ),
  removeTotp: act('removes the authenticator', nothing, done),
  enrolPush: act('invites a phone', nothing, shape.enrolment),
  confirmPush: act(
    'asks the phone that was invited; the number to choose is in the state, and the reply comes with the answer',
    ofAsAccount,
    done,
  ),
  removePush: act('forgets the phone', nothing, done),
  resetSecondFactor: act(
    'removes authenticator and phone; instead of a code also a sign-in that was repeated in the last five minutes',
    nothing,
    done,
  ),

  findTenant: act(
    'which tenant a domain or an address is of, as its authority says; with an `applicationId` also whether a sign-in to that application begins there. Nothing is set up by that',
    shape.tenantQuestion,
    z.object({ tenantId: z.string(), authority: z.string(), cloud: z.enum(cloudNames) }),
  ),
  saveProvider: act('adds a provider, or changes it: what is absent stays', shape.providerForm, done),
  removeProvider: act('removes a provider and its secret', z.strictObject({ name }), done),
  setProviderEnabled: act('turns a provider on or off', z.strictObject({ name, enabled: z.boolean() }), done),
  setProviderSecret: act(
    'stores the application secret, or certificate and private key in PEM; null forgets it',
    z.strictObject({ name, secret: shape.applicationSecret.nullable() }),
    done,
  ),
  validateProvider: act('checks a provider', z.strictObject({ name }), checks),

  reloadConfiguration: act(
    'makes the configuration file count as it is now: the keys that have changed, how many database sessions did not stand any more and were ended, the keys that count from the next start only. With a fault, what counted before goes on',
    nothing,
    shape.reloaded,
  ),
  readConnections: act(
    'the connections of the configuration file, in its own words, and a free port for a new one of each protocol',
    nothing,
    z.object({
      connections: z.array(connection.writtenConnection),
      freePorts: z.record(z.enum(protocolNames), z.number().int()),
    }),
  ),
  saveConnections: act(
    'writes connections into the configuration file, all or none: new ones, or what is to change of those there (RFC 7396: what is absent stays, null takes away). With the `passwords` that they name, which go to the sealed store',
    z.strictObject({
      connections: z.array(connection.connectionForm).min(1).max(200),
      passwords: z.array(connection.roleSecret).max(200).optional(),
    }),
    connection.saved,
  ),
  removeConnection: act(
    'takes a connection out of the configuration file',
    z.strictObject({ name }),
    connection.written,
  ),
  testConnection: act(
    'dials the database of a connection, of the file or with `settings` that are not written yet, and tries the login where a password is given, or a rule lets the person in',
    z.strictObject({
      name,
      settings: connection.connectionSettings.optional(),
      role: role.optional(),
      password: shape.secret.optional(),
      id: name.optional(),
      as: asAccount,
    }),
    z.object({ checks: z.array(shape.check), facts: connection.upstreamFacts.optional() }),
  ),
  cancelConnectionTest: act('ends the test that was begun with this `id`', byId, done),
  lookAtConnections: act(
    'looks whether the servers of the connections can be reached that the person may use, or of one; what was looked at just now is left alone, but for that one. The state has what was found',
    z.strictObject({ name: name.optional() }),
    done,
  ),
  readImport: act(
    'reads the connections of another tool: of a URL, or of a file that is chosen in a dialog; no `list` where none is chosen. No password comes along',
    z.strictObject({ url: z.string().min(1).max(2000).optional() }),
    z.object({ list: connection.importedList.optional() }),
  ),
  saveExport: act(
    'writes connections of the file, which hold no password, into a file that is chosen in a dialog; `portable` leaves out the ports and files of this computer',
    z.strictObject({ names: z.array(name).max(200).optional(), portable: z.boolean() }),
    z.object({ path: z.string().optional() }),
  ),
  findGroups: act(
    'directory groups whose name begins so, as an account that is signed in may see them',
    z.strictObject({ text: z.string().min(1).max(256), as: asAccount }),
    z.object({ groups: z.array(connection.namedGroup) }),
  ),

  chooseBundle: act(
    "lets the person choose the file of an organisation's bundle: its path, and the address to look at, which still needs # and the fingerprint of the key. Empty where they think better of it",
    nothing,
    z.object({ file: z.object({ path: z.string(), address: z.string() }).exactOptional() }),
  ),
  lookAtOrganisation: act(
    "reads the organisation's bundle at an address and verifies it: whose it is, and what it would set. Nothing counts by that",
    z.strictObject({ address: organisationAddress }),
    shape.lookedAtOrganisation,
  ),
  joinOrganisation: act(
    'joins the organisation at an address; with the `hash` that was shown, only while its bundle is still the same',
    z.strictObject({ address: organisationAddress, hash: z.string().max(100).optional() }),
    z.object({ organisation: z.string() }),
  ),
  dismissLink: act('takes the link away that was opened: the window has followed it', nothing, done),
  leaveOrganisation: act(
    'leaves the organisation that was joined by its address; what it has set does not count any more',
    nothing,
    z.object({ organisation: z.string() }),
  ),

  listLocalAccounts: act(
    'the break-glass accounts',
    nothing,
    z.object({ accounts: z.array(shape.localAccount) }),
  ),
  addLocalAccount: act(
    'sets up an account that the configuration file names',
    ofAccount.extend({ password: shape.secret }),
    shape.enrolment,
  ),
  enrolLocalAccount: act(
    'begins the enrolment of a new authenticator of an account',
    ofAccount,
    shape.enrolment,
  ),
  confirmLocalAccount: act(
    'ends either with a first code of the key that was shown; the recovery codes are told this once',
    ofAccount.extend({ code }),
    recoveryCodes,
  ),
  removeLocalAccount: act('forgets password and authenticator of an account', ofAccount, done),
  setLocalPassword: act(
    'sets the password of an account',
    ofAccount.extend({ password: shape.secret }),
    done,
  ),
  setLocalEnabled: act('turns an account on or off', ofAccount.extend({ enabled: z.boolean() }), done),

  listSecrets: act(
    'the passwords that the configuration names, and whether each is stored',
    nothing,
    z.object({ passwords: z.array(shape.namedSecret) }),
  ),
  storeSecret: act(
    'stores one of them; null forgets it',
    z.strictObject({ name, value: shape.secret.nullable() }),
    done,
  ),
  setPolicies: act(
    'writes what a locked screen ends, and how many seconds a login waits for its answer, into the configuration file',
    shape.policyChange,
    done,
  ),
  readLogins: act(
    'the last logins since the start, the newest first, each with what its client was told where it was refused',
    z.strictObject({ connection: name.optional() }),
    z.object({ logins: z.array(recentLogin) }),
  ),
  readAudit: act(
    'records of the audit that fit the filter, the newest first: a page, and with `before` the one of older ones',
    audit.auditQuery,
    audit.auditPage,
  ),
  verifyAudit: act('checks every record of the audit against its chain', nothing, audit.auditVerdict),
  saveAudit: act(
    'writes the records that fit the filter, as they stand in the audit, into a file that is chosen in a dialog',
    audit.auditFilterShape,
    z.object({ path: z.string().optional(), records: z.number().int().optional() }),
  ),
  readAuditKey: act(
    'the public key that signs the audit; null with a memory seal',
    nothing,
    z.object({ publicKey: z.string().nullable() }),
  ),
  pruneAudit: act(
    'deletes files of the audit from before a time (ISO 8601), or moves them to an absolute folder',
    z.strictObject({ before: z.iso.datetime(), archive: z.string().min(1).max(4096).optional() }),
    z.object({ files: z.array(z.string()), records: z.number().int() }),
  ),
  openAuditFolder: act('shows the folder of the audit', nothing, done),

  runDoctor: act('checks everything that can be wrong, now', nothing, checks),
  explain: act(
    'why a person may or may not use a connection; `subject` is `<sign-in name>@<connection>`',
    z.strictObject({ subject: z.string().min(1).max(400) }),
    explanation,
  ),
  makeSupportBundle: act(
    'gathers what whoever helps needs to see: versions, state, findings of the doctor, configuration, numbers of the audit, the last lines of the log, with placeholders for names, places, ids and files',
    nothing,
    z.object({ bundle: supportBundle }),
  ),
  saveSupportBundle: act(
    'writes the bundle that was made last into a file that is chosen in a dialog',
    nothing,
    z.object({ path: z.string().optional() }),
  ),

  openWindow: act(
    'opens the main window, or that which asks what logins wait for',
    z.strictObject({ page: z.enum(['main', 'prompts']) }),
    done,
  ),
  startDemo: act(
    'starts the demo, a second Latchkey with a directory and databases of its own; done as soon as its window is there',
    nothing,
    done,
  ),
  readAbout: act('what runs, on what, and with which files', nothing, shape.about),
  readLicences: act(
    'the licences of Latchkey and of what is in it; `hasChromium` where those of Chromium are in a file beside the program',
    nothing,
    z.object({ text: z.string(), hasChromium: z.boolean() }),
  ),
  openOwnFile: act(
    'opens the log, or the licences of Chromium, as the system does',
    z.strictObject({ file: z.enum(['log', 'chromium-licences']) }),
    done,
  ),

  checkForUpdates: act(
    'looks for a newer version of the desktop application now; what is found is in the state, and is downloaded afterwards where it can be installed from there',
    nothing,
    done,
  ),
  setUpdateChannel: act(
    'writes the channel of updates into the configuration file',
    z.strictObject({ channel: z.enum(updateChannels) }),
    done,
  ),
  installUpdate: act(
    'puts the version that is ready in place and starts it; refused while database sessions are open, unless `endSessions` says that they may end',
    z.strictObject({ endSessions: z.literal(true).optional() }),
    done,
  ),

  getPreferences: act(
    'what the person has chosen about the application on this computer',
    nothing,
    shape.preferences,
  ),
  setPreferences: act(
    'changes what is given, and answers with all of it',
    shape.preferences.partial().strict(),
    shape.preferences,
  ),
  quit: act(
    'ends the application and with it every gateway, which closing the window does not',
    nothing,
    done,
  ),
} as const satisfies Record<ActionName, ActionSchema>;

type Schemas = typeof actionSchemas;
/** The request as its handler gets it. */
export type ActionInput<A extends ActionName> = z.output<Schemas[A]['request']>;
/** The request as whoever asks writes it: with the proof of the person where it administers. */
export type ActionRequest<A extends ActionName> = A extends AdministeringAction
  ? Keyed<z.input<Schemas[A]['request']>> & Proof
  : z.input<Schemas[A]['request']>;
/** For the checker: an object without keys, to which others may be added. */
type Keyed<T> = T extends Record<string, never> ? unknown : T;
export type ActionReply<A extends ActionName> = z.output<Schemas[A]['reply']>;
type Given<A extends ActionName> =
  z.output<Schemas[A]['reply']> extends Record<string, never> ? void : z.input<Schemas[A]['reply']>;

/** A function for each of these actions; what administers gets the proof of the person apart from the rest. */
export type ActionHandlers<Names extends ActionName> = {
  [A in Names]: (typeof actions)[A]['may'] extends 'administers'
    ? (input: ActionInput<A>, proof: Proof) => Promise<Given<A>>
    : (input: ActionInput<A>) => Promise<Given<A>>;
};
