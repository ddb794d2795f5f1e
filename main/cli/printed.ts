import { z } from 'zod';
import { actionSchemas } from '../contract/action-schemas.ts';
import { apiState } from '../contract/api-state.ts';
import { versions } from '../contract/shapes.ts';
import { updateChannels } from '../contract/update-state.ts';
import { bundlePayload } from '../organisation/bundle.ts';
import { lineOf, printedByServe } from './printed-by-serve.ts';

const { shape: state } = apiState;
const { issueToken, revokeTokens, cutSessions, makeHandle, listSecrets, listLocalAccounts, runDoctor } =
  actionSchemas;
const text = z.string();
const time = z.iso.datetime();
/** What belongs to another part of Latchkey, which has a form of its own. */
const anything = z.looseObject({});

const enrolment = z.discriminatedUnion('event', [
  z.object({ event: z.literal('enrolment'), uri: text, key: text }),
  z.object({ event: z.literal('confirmed'), recoveryCodes: z.array(text).readonly() }),
]);
const certificate = z.object({
  file: text,
  subject: text,
  sha256: text,
  validFrom: time,
  validTo: time,
  lasting: z.boolean(),
});

/** With the names of the passwords that were stored with it. */
const saved = actionSchemas.saveConnections.reply.extend({ stored: z.array(text) });

/**
 * What each command prints with `--json`, beside `schemaVersion`; one line, or several where there is an `event`. Nothing
 * else is printed: what is not named here is left out. docs/API.md has the same as a table.
 */
export const printed = {
  version: versions,
  ...printedByServe,
  login: z.discriminatedUnion('event', [
    z.object({ event: z.literal('code'), userCode: text, verificationUri: z.url(), expiresAt: time }),
    z.object({ event: z.literal('browser'), expiresAt: time }),
    z.object({
      event: z.literal('signed-in'),
      account: z.object({
        provider: text,
        tenantId: text,
        objectId: text,
        username: text,
        displayName: text,
      }),
      until: time,
      groups: z.array(z.object({ id: text, name: text })),
    }),
  ]),
  logout: z.object({ signedOut: z.literal(true), accounts: state.accounts }),
  init: z.object({
    file: text,
    tenantId: text,
    provider: text,
    connections: actionSchemas.saveConnections.reply.shape.connections,
  }),
  status: apiState,
  connections: z.object({
    connections: state.connections,
    faultyConnections: state.faultyConnections,
  }),
  token: issueToken.reply,
  revoke: revokeTokens.reply,
  sessions: z.object({ databaseSessions: state.databaseSessions }),
  cut: cutSessions.reply,
  lock: z.object({ locked: z.literal(true) }),
  unlock: z.object({ locked: z.boolean() }),
  prompts: z.object({ prompts: state.prompts }),
  allow: z.object({ allowed: text }),
  deny: z.object({ denied: z.literal(true) }),
  'saved-password make': makeHandle.reply,
  'saved-password list': z.object({ handles: state.handles }),
  'saved-password revoke': z.object({ revoked: text }),
  'mfa status': z.object({
    accounts: z.array(state.accounts.element.pick({ account: true, secondFactor: true })),
    prompts: state.prompts,
  }),
  use: actionSchemas.useAccount.reply,
  'mfa enrol': enrolment,
  'mfa remove': z.object({ removed: z.literal('totp') }),
  'mfa reset': z.object({ reset: z.literal(true) }),
  'mfa answer': z.object({ answered: z.literal(true) }),
  'mfa ask-phone': z.object({ approved: z.literal(true) }),
  'mfa deny': z.object({ denied: z.literal(true) }),
  'mfa push enrol': z.union([enrolment.options[0], z.object({ approved: z.literal(true) })]),
  'mfa push remove': z.object({ removed: z.literal('push') }),
  'provider list': z.object({ providers: state.providers }),
  'provider add': z.object({ saved: text }),
  'provider update': z.object({ saved: text }),
  'provider enable': z.object({ enable: text }),
  'provider disable': z.object({ disable: text }),
  'provider remove': z.object({ removed: text }),
  'provider validate': runDoctor.reply,
  'provider certificate': z.object({ name: text, stored: z.boolean() }),
  'provider secret': z.object({ name: text, stored: z.boolean() }),
  'connection list': z.object({ connections: actionSchemas.readConnections.reply.shape.connections }),
  'connection add': saved,
  'connection edit': saved,
  'connection remove': z.object({ removed: text, ended: z.number().int() }),
  'connection export': z.object({ connections: z.array(anything) }),
  'connection import': actionSchemas.saveConnections.reply.extend({
    connections: z.array(z.object({ name: text, port: z.number().int().optional() })),
    exist: z.array(text),
    skipped: z.array(text),
    leftPasswords: z.array(text),
    dryRun: z.boolean(),
  }),
  'connection test': actionSchemas.testConnection.reply,
  join: z.object({ organisation: text, serial: z.number().int(), fingerprint: text }),
  leave: z.object({ left: text }),
  'bundle keygen': z.object({ file: text, fingerprint: text }),
  'bundle sign': z.object({ file: text, serial: z.number().int(), organisation: text, fingerprint: text }),
  'bundle verify': bundlePayload,
  'secret set': z.object({ stored: text }),
  'secret delete': z.object({ deleted: text }),
  'secret list': listSecrets.reply,
  'local list': listLocalAccounts.reply,
  'local add': enrolment,
  'local set-up': enrolment,
  'local enrol': enrolment,
  'local password': z.object({ username: text }),
  'local enable': z.object({ enable: text }),
  'local disable': z.object({ disable: text }),
  'local remove': z.object({ remove: text }),
  'certificate show': certificate,
  'certificate pem': z.object({ pem: text }),
  'certificate install': z.union([
    certificate.extend({ installed: z.literal(true), undo: text }),
    certificate.extend({ installed: z.literal(false), commands: z.record(text, z.array(text)) }),
  ]),
  connect: anything,
  'connect --list': z.object({
    tools: z.array(
      z.object({
        id: text,
        title: text,
        protocols: z.array(text).readonly(),
        needs: text,
        installed: text.optional(),
      }),
    ),
  }),
  doctor: runDoctor.reply,
  explain: actionSchemas.explain.reply,
  'update status': z.object({ version: text, updates: state.updates }),
  'update check': z.object({ version: text, updates: state.updates }),
  'update install': z.object({ restarting: z.literal(true), version: text }),
  'update channel': z.object({ channel: z.enum(updateChannels) }),
  'support-bundle': z.union([actionSchemas.makeSupportBundle.reply, z.object({ path: text })]),
  'audit verify': anything,
  'audit list': z.object({ records: z.array(anything) }),
  'audit export': z.object({ path: text, records: z.number().int() }),
  'audit prune': actionSchemas.pruneAudit.reply,
  'audit archive': actionSchemas.pruneAudit.reply,
  'audit key': actionSchemas.readAuditKey.reply,
  'config reload': actionSchemas.reloadConfiguration.reply,
  'config policy': actionSchemas.setPolicies.reply,
  'config show': z.object({
    organisation: z
      .object({ origin: text, locked: z.array(text), forbid: z.array(text).readonly() })
      .optional(),
    values: z.array(
      z.object({
        key: text,
        value: z.json(),
        origin: z.enum(['built-in', 'organisation', 'person']),
        file: text.optional(),
        line: z.number().int().optional(),
        locked: z.boolean(),
      }),
    ),
    warnings: z.array(text),
  }),
  'config check': z.object({ ok: z.literal(true), connections: z.number().int(), warnings: z.array(text) }),
} as const satisfies Record<string, z.ZodType>;

export type PrintedName = keyof typeof printed;
/** What a command has to print. */
export type Printed<Name extends PrintedName> = z.input<(typeof printed)[Name]>;

export const jsonLine = lineOf(printed);
