import fc from 'fast-check';
import { type ActionName, actions } from '../../main/contract/actions.ts';

/**
 * What each action takes, written down once more by hand, since the schemas are what is being tested; and payloads of
 * which some fit, most nearly do, and the rest are anything.
 */
type Accepts = (value: unknown) => boolean;
type Shape = Record<string, Accepts>;

const isText =
  (shortest: number, longest: number): Accepts =>
  (value) =>
    typeof value === 'string' && value.length >= shortest && value.length <= longest;
const isName = isText(1, 100);
const isSecret = isText(1, 4096);
const isBoolean: Accepts = (value) => typeof value === 'boolean';
const isOneOf =
  (...members: unknown[]): Accepts =>
  (value) =>
    members.includes(value);
const optional =
  (accepts: Accepts): Accepts =>
  (value) =>
    value === undefined || accepts(value);
const isListOf =
  (accepts: Accepts, longest = Infinity): Accepts =>
  (value) =>
    Array.isArray(value) && value.length <= longest && value.every(accepts);
const isWay = isOneOf('device-code', 'browser');

const isShape =
  (required: Shape, others: Shape = {}): Accepts =>
  (payload) =>
    typeof payload === 'object' &&
    payload !== null &&
    !Array.isArray(payload) &&
    Object.entries(payload).every(([key, value]) => {
      const accepts = Object.hasOwn(required, key)
        ? required[key]
        : Object.hasOwn(others, key) && others[key];
      return typeof accepts === 'function' && accepts(value);
    }) &&
    Object.keys(required).every((key) => Object.hasOwn(payload, key));

const isRole = isText(1, 128);
const isUsername = isText(1, 200);
const isToolName = isText(1, 60);
const isTime: Accepts = (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
/** Out of a query, where everything is text. */
const isNumber =
  (fits: (value: number) => boolean): Accepts =>
  (value) => {
    try {
      return fits(Number(value));
    } catch {
      return false;
    }
  };
const isGuid: Accepts = (value) =>
  typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
const isNothing: [Shape, Shape?] = [{}];
const isId: [Shape] = [{ id: isName }];
const isMaybeId: [Shape, Shape] = [{}, { id: optional(isName) }];
const isOneOrAll: Accepts = (payload) =>
  isShape({ id: isName })(payload) || isShape({ all: isOneOf(true) })(payload);
const isConnect: Shape = { connection: isName, tool: isName };
const asAccount: Shape = { as: optional(isText(1, 200)) };
const asRole: Shape = { ...asAccount, role: optional(isText(1, 128)) };
/** How the person proves that they administer; the last of them over the API alone. */
const proof: Shape = { code: optional(isName), phone: optional(isBoolean), ...asAccount };
const setUp: Shape = { setUp: optional(isText(0, 100)) };

/** JSON as deep and as large as a connection; what stands in it is for the configuration's own check. */
const isJson = (value: unknown, depth: number): boolean => {
  if (typeof value === 'string') return value.length <= 4096;
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth === 0) return false;
  if (Array.isArray(value)) return value.every((one) => isJson(one, depth - 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.entries(value).every(([key, one]) => key.length <= 100 && isJson(one, depth - 1));
};
const isSettings: Accepts = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && isJson(value, 8);
const isListOfForms: Accepts = (value) =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= 200 &&
  value.every(
    isShape({ name: isName, is: isOneOf('new', 'there'), settings: isSettings }, { groupNames: () => true }),
  );

const auditFilter: Shape = {
  since: optional(isTime),
  until: optional(isTime),
  person: optional(isUsername),
  connection: optional(isName),
  kind: optional(isOneOf('sign-ins', 'logins', 'tokens', 'second-factors', 'administration', 'latchkey')),
  event: optional(isText(1, 60)),
  refused: optional(isOneOf(true)),
  text: optional(isText(1, 200)),
};
const isPlace: Accepts = (value) => typeof value === 'string' && /^\d{1,9}:\d{1,15}$/.test(value);
const isLimit: Accepts = (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 200;

const isHold = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 50;

/** The keys that must be there, and those that may. */
const shapes: Record<ActionName, [Shape, Shape?] | Accepts> = {
  getStart: isNothing,
  tryStart: [{}, { create: optional(isOneOf(true)) }],
  openConfiguration: [{}, { file: optional(isText(1, 4096)) }],
  chooseBundle: isNothing,
  getState: isNothing,
  readState: [
    {},
    {
      after: optional(isNumber((value) => Number.isSafeInteger(value) && value >= -1)),
      wait: optional(isNumber((value) => value >= 0 && value <= 30)),
    },
  ],
  signIn: [
    {},
    {
      provider: optional(isName),
      way: optional(isWay),
      username: optional(isUsername),
      mail: optional(isBoolean),
      anew: optional(isBoolean),
    },
  ],
  signInLocally: [{ username: isUsername, password: isSecret, code: isName }],
  cancelSignIn: isNothing,
  signOut: [{}, { ...asAccount, all: optional(isOneOf(true)) }],
  useAccount: [{ as: (value) => value === null || isUsername(value) }],
  refresh: isNothing,
  copyCode: isNothing,
  openVerificationPage: isNothing,
  issueToken: [
    { connection: isName },
    {
      role: optional(isRole),
      lifetimeSeconds: optional(
        (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 86_400,
      ),
      short: optional(isBoolean),
      ...asAccount,
    },
  ],
  copyToken: [{ connection: isName }, { role: optional(isRole), ...asAccount }],
  copyCommand: [{ connection: isName }, asAccount],
  revokeTokens: isOneOrAll,
  cutSessions: isOneOrAll,
  retryListeners: isNothing,
  reloadConfiguration: isNothing,
  lookAtOrganisation: [{ address: isText(1, 2000) }],
  joinOrganisation: [{ address: isText(1, 2000) }, { hash: optional(isText(0, 100)) }],
  dismissGatewayRestart: isNothing,
  dismissLink: isNothing,
  leaveOrganisation: isNothing,
  makeHandle: [
    { connection: isName, tool: isToolName },
    { role: optional(isRole), short: optional(isBoolean), ...asAccount },
  ],
  copyHandle: [
    { connection: isName, tool: isToolName },
    { role: optional(isRole), ...asAccount },
  ],
  revokeHandle: isId,
  allowClient: [{ choice: isOneOf('once', 'hour', 'until-lock', 'always') }, { id: optional(isName) }],
  denyPrompt: [{}, { id: optional(isName), block: optional(isOneOf(true)) }],
  answerPrompt: [{ code: isName }, { id: optional(isName) }],
  askPhone: isMaybeId,
  readProgramIcon: isId,
  openWindow: [{ page: isOneOf('main', 'prompts') }, {}],
  lock: isNothing,
  unlock: [{}, { code: optional(isName), ...asAccount }],
  unlockAtScreen: isNothing,
  unlockKeyring: isNothing,
  connectTools: [{ connection: isName }, asAccount],
  connectSettings: [isConnect, asRole],
  copySetting: [
    { ...isConnect, text: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100 },
    asRole,
  ],
  writeSettings: [isConnect, asRole],
  openTool: [isConnect, asRole],
  enrolTotp: isNothing,
  confirmTotp: [{ code: isName }, asAccount],
  removeTotp: isNothing,
  enrolPush: isNothing,
  confirmPush: [{}, asAccount],
  removePush: isNothing,
  resetSecondFactor: isNothing,
  saveProvider: [
    { name: isName, type: isOneOf('azure-directory', 'local'), enabled: isBoolean },
    {
      cloud: optional(isOneOf('global', 'us-government', 'us-government-dod', 'china', 'local')),
      authority: optional(isText(0, 2000)),
      applicationId: optional(isText(0, 100)),
      resource: optional(isText(0, 2000)),
      domains: optional(isListOf(isText(0, 253), 200)),
      signIn: optional(isListOf(isWay)),
      redirectService: optional(isText(0, 500)),
      mailCodes: optional(isBoolean),
      caFile: optional(isText(0, 4096)),
    },
  ],
  findTenant: [
    { authority: isText(1, 2000) },
    {
      applicationId: optional(isGuid),
      cloud: optional(isOneOf('global', 'us-government', 'us-government-dod', 'china', 'local')),
      resource: optional(isText(0, 2000)),
      caFile: optional(isText(0, 4096)),
    },
  ],
  removeProvider: [{ name: isName }],
  setProviderEnabled: [{ name: isName, enabled: isBoolean }],
  setProviderSecret: [{ name: isName, secret: (value) => value === null || isText(1, 32_768)(value) }],
  validateProvider: [{ name: isName }],
  readConnections: isNothing,
  saveConnections: [
    { connections: isListOfForms },
    { passwords: optional(isListOf(isShape({ name: isName, value: isSecret }), 200)) },
  ],
  removeConnection: [{ name: isName }],
  testConnection: [
    { name: isName },
    {
      settings: optional(isSettings),
      role: optional(isRole),
      password: optional(isSecret),
      id: optional(isName),
      ...asAccount,
    },
  ],
  cancelConnectionTest: isId,
  lookAtConnections: [{}, { name: optional(isName) }],
  readImport: [{}, { url: optional(isText(1, 2000)) }],
  saveExport: [{ portable: isBoolean }, { names: optional(isListOf(isName, 200)) }],
  findGroups: [{ text: isText(1, 256) }, asAccount],
  listLocalAccounts: isNothing,
  addLocalAccount: [{ username: isUsername, password: isSecret }],
  enrolLocalAccount: [{ username: isUsername }],
  confirmLocalAccount: [{ username: isUsername, code: isName }],
  removeLocalAccount: [{ username: isUsername }],
  setLocalPassword: [{ username: isUsername, password: isSecret }],
  setLocalEnabled: [{ username: isUsername, enabled: isBoolean }],
  listSecrets: isNothing,
  setPolicies: [
    {},
    {
      onLock: optional(isOneOf('keep', 'cut', 'sign-out')),
      hold: optional(
        isShape({}, { postgresql: optional(isHold), mysql: optional(isHold), sqlserver: optional(isHold) }),
      ),
    },
  ],
  storeSecret: [{ name: isName, value: (value) => value === null || isSecret(value) }],
  readLogins: [{}, { connection: optional(isName) }],
  readAudit: [{}, { ...auditFilter, before: optional(isPlace), limit: optional(isLimit) }],
  verifyAudit: isNothing,
  saveAudit: [{}, auditFilter],
  readAuditKey: isNothing,
  pruneAudit: [{ before: isTime }, { archive: optional(isSecret) }],
  openAuditFolder: isNothing,
  runDoctor: isNothing,
  explain: [{ subject: isText(1, 400) }],
  makeSupportBundle: isNothing,
  saveSupportBundle: isNothing,
  startDemo: isNothing,
  readAbout: isNothing,
  readLicences: isNothing,
  openOwnFile: [{ file: isOneOf('log', 'chromium-licences') }],
  checkForUpdates: isNothing,
  setUpdateChannel: [{ channel: isOneOf('stable', 'beta') }],
  installUpdate: [{}, { endSessions: optional(isOneOf(true)) }],
  getPreferences: isNothing,
  setPreferences: [
    {},
    {
      theme: optional(isOneOf('system', 'light', 'dark')),
      language: optional(isOneOf('system', 'en', 'de')),
      startAtLogin: optional(isBoolean),
      favourites: optional(
        (value) => Array.isArray(value) && value.length <= 200 && value.every((each) => isName(each)),
      ),
      clipboardSeconds: optional(
        (value) => Number.isInteger(value) && Number(value) >= 10 && Number(value) <= 300,
      ),
      notifications: optional(isBoolean),
      whenLoginWaits: optional(isOneOf('flash', 'front', 'notify')),
      trayClick: optional(isOneOf('flyout', 'main')),
      shortcut: optional(isOneOf('off', 'window', 'palette')),
      shortcutKeys: optional((value) => typeof value === 'string' && isAccelerator(value)),
    },
  ],
  quit: isNothing,
};

/** Keys held by something that does not write, and one of letters, digits, F1 to F99 and the space bar. */
function isAccelerator(text: string): boolean {
  const parts = text.split('+');
  const held = parts.slice(0, -1);
  return (
    text.length <= 60 &&
    held.length >= 1 &&
    held.length <= 4 &&
    held.every((part) => ['Control', 'Alt', 'Shift', 'Super'].includes(part)) &&
    held.some((part) => part !== 'Shift') &&
    /^(?:[A-Z0-9]|F\d\d?|Space)$/.test(parts.at(-1) ?? '')
  );
}

/** Whether an action takes this payload. */
export function takes(action: ActionName, surface: 'window' | 'api', payload: unknown): boolean {
  const shape = shapes[action];
  if (typeof shape === 'function') return shape(payload);
  const [required, others = {}] = shape;
  if (actions[action].may !== 'administers') return isShape(required, others)(payload);
  return isShape(required, { ...others, ...proof, ...(surface === 'api' ? setUp : {}) })(payload);
}

const samples: Partial<Record<ActionName, Record<string, unknown>>> = {
  signIn: { provider: 'contoso', way: 'browser', username: 'adele@contoso.example', anew: true },
  signInLocally: { username: 'root', password: 'correct horse', code: '123456' },
  readState: { after: 7, wait: 1 },
  issueToken: { connection: 'sales', role: 'sales_reader', lifetimeSeconds: 60, short: true },
  copyToken: { connection: 'sales', role: 'sales_reader' },
  signOut: { as: 'adele@contoso.example' },
  useAccount: { as: 'adele@contoso.example' },
  copyCommand: { connection: 'sales' },
  revokeTokens: { id: 't1' },
  cutSessions: { all: true },
  makeHandle: { connection: 'sales', role: 'sales_reader', tool: 'DBeaver', short: false },
  copyHandle: { connection: 'sales', role: 'sales_reader', tool: 'DBeaver' },
  revokeHandle: { id: 'h1' },
  allowClient: { id: 'p1', choice: 'until-lock' },
  connectTools: { connection: 'sales' },
  connectSettings: { connection: 'sales', tool: 'dbeaver' },
  copySetting: { connection: 'sales', tool: 'dbeaver', text: 1 },
  writeSettings: { connection: 'sales', tool: 'dbeaver' },
  openTool: { connection: 'sales', tool: 'dbeaver' },
  setPreferences: { theme: 'dark', startAtLogin: true },
  setUpdateChannel: { channel: 'beta' },
  enrolTotp: { code: '123456' },
  confirmTotp: { code: '123456' },
  removeTotp: { code: '123456' },
  enrolPush: { code: '123456' },
  removePush: { code: '123456' },
  answerPrompt: { id: 'p1', code: '123456' },
  askPhone: { id: 'p1' },
  readProgramIcon: { id: 'p1' },
  denyPrompt: { id: 'p1' },
  openWindow: { page: 'main' },
  saveProvider: {
    name: 'contoso',
    type: 'azure-directory',
    enabled: true,
    cloud: 'china',
    authority: 'https://login.partner.microsoftonline.cn/contoso.example',
    applicationId: '3f8c2b71-94a6-4a0e-b1f7-2c5d6e7f8a90',
    resource: 'https://microsoftgraph.chinacloudapi.cn',
    domains: ['contoso.example'],
    signIn: ['browser', 'device-code'],
    redirectService: 'https://relay.contoso.example',
    mailCodes: false,
  },
  removeProvider: { name: 'contoso', code: '123456', phone: true },
  setProviderEnabled: { name: 'contoso', enabled: false },
  setProviderSecret: { name: 'contoso', secret: 'application secret' },
  findTenant: { authority: 'contoso.example' },
  validateProvider: { name: 'contoso' },
  saveConnections: {
    connections: [
      {
        name: 'sales',
        is: 'new',
        settings: { protocol: 'postgresql', upstream: { host: 'db', databases: ['a'] } },
      },
    ],
    passwords: [{ name: 'sales-reader', value: 'correct horse' }],
    code: '123456',
  },
  removeConnection: { name: 'sales', phone: true },
  testConnection: {
    name: 'sales',
    settings: { upstream: { host: 'db' } },
    role: 'reader',
    password: 'secret',
    id: 'a test',
  },
  cancelConnectionTest: { id: 'a test' },
  lookAtOrganisation: { address: 'https://settings.contoso.example/latchkey.jws' },
  joinOrganisation: { address: 'https://settings.contoso.example/latchkey.jws', hash: 'h', code: '123456' },
  lookAtConnections: { name: 'sales' },
  readImport: { url: 'postgresql://db.contoso.example/sales' },
  saveExport: { portable: true, names: ['sales'] },
  findGroups: { text: 'Data' },
  unlock: { code: '123456' },
  resetSecondFactor: { phone: true },
  addLocalAccount: { username: 'night', password: 'correct horse', code: '123456' },
  enrolLocalAccount: { username: 'night', phone: true },
  confirmLocalAccount: { username: 'night', code: '123456' },
  removeLocalAccount: { username: 'night' },
  setLocalPassword: { username: 'night', password: 'correct horse' },
  setLocalEnabled: { username: 'night', enabled: true },
  storeSecret: { name: 'sales-owner', value: 'correct horse', phone: true },
  setPolicies: { onLock: 'cut', hold: { postgresql: 30 } },
  pruneAudit: { before: '2026-03-10T09:12:30Z', archive: '/mnt/archive' },
  explain: { subject: 'adele@contoso.example@sales' },
  openOwnFile: { file: 'log' },
};

/** A request that fits. */
export const sampleRequest = (action: ActionName): Record<string, unknown> => samples[action] ?? {};

const lengths = [0, 1, 60, 61, 99, 100, 101, 128, 129, 200, 201, 253, 254, 500, 501, 4096, 4097];
const word = fc.oneof(
  fc.constantFrom(
    'sales',
    'system',
    'browser',
    'local',
    'always',
    '__proto__',
    ...lengths.map((length) => 'a'.repeat(length)),
  ),
  fc.string({ maxLength: 8 }),
);
const value = fc.oneof(
  word,
  fc.boolean(),
  fc.constant(undefined),
  fc.constant(null),
  fc.integer(),
  fc.constantFrom(-1, 0, 1, 0.5, 100, 101),
  fc.array(word, { maxLength: 2 }),
  fc.constantFrom(
    Array.from({ length: 200 }, () => 'a.b'),
    Array.from({ length: 201 }, () => 'a.b'),
  ),
);
const keys = [...new Set(Object.values(samples).flatMap((sample) => Object.keys(sample))), 'extra'];
/** The right keys with other values, or one key more, which plain random values would never be. */
const anyKeys = fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 3 });

/** A request that fits, with up to two of its keys changed, taken away or added. */
function nearMiss(sample: Record<string, unknown>): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.constantFrom(...Object.keys(sample), 'extra');
  const change = fc.record({ key, gone: fc.boolean(), value });
  return fc.array(change, { maxLength: 2 }).map((changes) => {
    const payload = { ...sample };
    for (const { key, gone, value } of changes) {
      if (gone) delete payload[key];
      else payload[key] = value;
    }
    return payload;
  });
}

export function payloadsFor(action: ActionName, count: number): unknown[] {
  const anything = fc.anything({ withMap: true, withSet: true, withDate: true, withTypedArray: true });
  return fc.sample(fc.oneof(nearMiss(sampleRequest(action)), anyKeys, anything), count);
}
